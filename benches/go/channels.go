package main

import (
	"sync"
	"time"
)

func throughput() (int, time.Duration) {
	if number() == 64 {
		return flow[[8]uint64]()
	}
	return flow[uint64]()
}

func flow[T any]() (int, time.Duration) {
	senders, receivers, places, n := number(), number(), number(), number()
	each := n / senders
	c := make(chan T, places)
	start := time.Now()
	var sending, receiving sync.WaitGroup
	for range receivers {
		receiving.Add(1)
		go func() {
			for range c {
			}
			receiving.Done()
		}()
	}
	for range senders {
		sending.Add(1)
		go func() {
			var value T
			for range each {
				c <- value
			}
			sending.Done()
		}()
	}
	sending.Wait()
	close(c)
	receiving.Wait()
	return each * senders, time.Since(start)
}

func pingpong() (int, time.Duration) {
	flavor()
	places, n := number(), number()
	ping, pong := make(chan uint64, places), make(chan uint64, places)
	start := time.Now()
	go func() {
		for v := range ping {
			pong <- v
		}
	}()
	done := make(chan bool)
	go func() {
		for i := range n {
			ping <- uint64(i)
			<-pong
		}
		done <- true
	}()
	<-done
	return n, time.Since(start)
}

// The time is that of the primes: what the filters hold then is left behind.
func sieve() (int, time.Duration) {
	places, primes := number(), number()
	start := time.Now()
	c := make(chan uint64, places)
	go func(c chan uint64) {
		for n := uint64(2); ; n++ {
			c <- n
		}
	}(c)
	for range primes {
		prime := <-c
		filtered := make(chan uint64, places)
		go func(numbers chan uint64) {
			for n := range numbers {
				if n%prime != 0 {
					filtered <- n
				}
			}
		}(c)
		c = filtered
	}
	return 1, time.Since(start)
}

func chain() (int, time.Duration) {
	places, tasks, rounds := number(), number(), number()
	head := make(chan uint64, places)
	tail := head
	for range tasks {
		next := make(chan uint64, places)
		go func(before chan uint64) {
			for n := range before {
				next <- n + 1
			}
		}(tail)
		tail = next
	}
	start := time.Now()
	hops := uint64(0)
	for range rounds {
		head <- 0
		hops += <-tail
	}
	return int(hops), time.Since(start)
}

// pairs sends as many messages through each of the channels, all at once.
func pairs() (int, time.Duration) {
	channels, n := number(), number()
	each := max(n/channels, 20)
	gate := make(chan bool)
	var receiving sync.WaitGroup
	for range channels {
		c := make(chan uint64, 64)
		receiving.Add(1)
		go func() {
			for range c {
			}
			receiving.Done()
		}()
		go func() {
			<-gate
			for i := range each {
				c <- uint64(i)
			}
			close(c)
		}()
	}
	start := time.Now()
	close(gate)
	receiving.Wait()
	return each * channels, time.Since(start)
}
