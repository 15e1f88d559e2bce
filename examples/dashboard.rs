//! A reactive model: signals are the model, actors follow them and set them.
//!
//! A boiler sets the temperature, a thermostat follows temperature and target and says whether to heat, and the boiler
//! follows that. What the dashboard shows is derived from all of them, and computed only when somebody looks.
//! The actors know only the model, not each other: one of them may fail and come back, and the others see nothing of it.
//!
//! Run it: `cargo run --release --features actor --example dashboard`

use std::convert::Infallible;

use vela::actor::prelude::*;
use vela::prelude::*;
use vela::signal::{self, Setter, Signal};

/// The values, in degrees, with the ends to set them. Clones are the same model.
#[derive(Clone)]
struct Model {
    target: Setter<i32>,
    temperature: Setter<i32>,
    heating: Setter<bool>,
}

impl Model {
    fn new() -> Self {
        Self { target: signal::new(15).0, temperature: signal::new(15).0, heating: signal::new(false).0 }
    }

    /// How many degrees it is too cold.
    fn difference(&self) -> Signal<i32> {
        signal::combine((self.target.signal(), self.temperature.signal())).map(|(target, now)| target - now).distinct()
    }

    fn dashboard(&self) -> Signal<String> {
        signal::combine((self.temperature.signal(), self.target.signal(), self.heating.signal())).map(
            |(now, target, heating)| format!("{now}° of {target}°, heating {}", if *heating { "on" } else { "off" }),
        )
    }
}

/// Warmer by a degree every 10 ms while it heats; else colder, down to the 10° outside.
struct Boiler {
    model: Model,
    heating: bool,
}

#[derive(Message)]
enum BoilerMsg {
    Heat(bool),
    Tick,
}

impl Actor for Boiler {
    type Message = BoilerMsg;
    type Error = Infallible;

    async fn started(&mut self, cx: &mut ActorContext<Self>) -> Result<(), Infallible> {
        cx.attach(self.model.heating.signal().subscribe(), BoilerMsg::Heat);
        cx.every(ms(10), || BoilerMsg::Tick);
        Ok(())
    }

    async fn handle(&mut self, message: BoilerMsg, _: &mut ActorContext<Self>) -> Result<(), Infallible> {
        match message {
            BoilerMsg::Heat(on) => self.heating = on,
            BoilerMsg::Tick if self.heating => self.model.temperature.modify(|now| *now += 1),
            BoilerMsg::Tick => self.model.temperature.modify(|now| *now = 10.max(*now - 1)),
        }
        Ok(())
    }
}

/// Switches the heating on and off.
struct Thermostat {
    model: Model,
}

impl Actor for Thermostat {
    type Message = i32;
    type Error = Infallible;

    async fn started(&mut self, cx: &mut ActorContext<Self>) -> Result<(), Infallible> {
        // Each run of the actor begins with the value as it is then.
        cx.attach(self.model.difference().subscribe(), |difference: i32| difference);
        Ok(())
    }

    async fn handle(&mut self, difference: i32, _: &mut ActorContext<Self>) -> Result<(), Infallible> {
        self.model.heating.set(difference > 0);
        Ok(())
    }
}

vela! {
#[vela::main]
async fn main() -> vela::Result<()> {
    let model = Model::new();
    let house = System::new("house");
    house.spawn(child("boiler"), {
        let model = model.clone();
        move || Boiler { model: model.clone(), heating: false }
    })?;
    let thermostat = house.spawn(child("thermostat"), {
        let model = model.clone();
        move || Thermostat { model: model.clone() }
    })?;

    let dashboard = model.dashboard();
    println!("{}", dashboard.get());
    for target in [20, 25, 18] {
        model.target.set(target);
        let reached = format!("{target}° of {target}°, heating off");
        let shown = dashboard.wait_for(move |text| *text == reached).await;
        println!("{}", shown.unwrap_or_default());
        thermostat.kill(); // comes back at once, and looks at the model anew
    }
    house.shutdown().await?;
    Ok(())
}
}
