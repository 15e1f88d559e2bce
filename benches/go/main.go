// The cells in Go. Each run prints one figure: nanoseconds per operation, or bytes.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"
)

var words = os.Args[1:]

func number() int {
	n, err := strconv.Atoi(words[0])
	if err != nil {
		panic(err)
	}
	words = words[1:]
	return n
}

func word() string {
	w := words[0]
	words = words[1:]
	return w
}

// flavor sets how many threads run Go code.
func flavor() {
	if word() == "ct" {
		runtime.GOMAXPROCS(1)
	}
}

func main() {
	runtime.GOMAXPROCS(2)
	cells := map[string]func() (int, time.Duration){
		"throughput": throughput,
		"pingpong":   pingpong,
		"select":     selecting,
		"else":       selectElse,
		"both":       selectBoth,
		"spawnall":   spawnAll,
		"spawnone":   spawnOne,
	}
	name := word()
	if cell, ok := cells[name]; ok {
		n, took := cell()
		fmt.Println(float64(took.Nanoseconds()) / float64(n))
	} else if name == "memtask" {
		fmt.Println(memTask())
	} else {
		fmt.Println(memChan())
	}
}

func throughput() (int, time.Duration) {
	senders, receivers, places, n := number(), number(), number(), number()
	each := n / senders
	c := make(chan uint64, places)
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
			for i := range each {
				c <- uint64(i)
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

func spawnAll() (int, time.Duration) {
	flavor()
	n := number()
	var all sync.WaitGroup
	start := time.Now()
	for range n {
		all.Add(1)
		go all.Done()
	}
	all.Wait()
	return n, time.Since(start)
}

func spawnOne() (int, time.Duration) {
	flavor()
	n := number()
	start := time.Now()
	for range n {
		done := make(chan int, 1)
		go func() { done <- 1 }()
		<-done
	}
	return n, time.Since(start)
}

func selectElse() (int, time.Duration) {
	n := number()
	a, b := make(chan uint64, 64), make(chan uint64, 64)
	start := time.Now()
	for range n {
		select {
		case <-a:
		case <-b:
		default:
		}
	}
	return n, time.Since(start)
}

func selectBoth() (int, time.Duration) {
	places, n := number(), number()
	in, out := make(chan uint64, places), make(chan uint64, places)
	start := time.Now()
	go func() {
		for i := range n {
			in <- uint64(i)
		}
	}()
	done := make(chan bool)
	go func() {
		for range n {
			<-out
		}
		done <- true
	}()
	sent, received := 0, 0
	for sent < n || received < n {
		from, to := in, out
		if sent == n {
			to = nil
		}
		if received == n {
			from = nil
		}
		select {
		case to <- uint64(sent):
			sent++
		case <-from:
			received++
		}
	}
	<-done
	return 2 * n, time.Since(start)
}

func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

var keep []chan uint64

func memTask() float64 {
	n := number()
	keep = make([]chan uint64, n)
	before := inUse()
	for i := range n {
		c := make(chan uint64, 1)
		keep[i] = c
		go func() {
			for range c {
			}
		}()
	}
	time.Sleep(50 * time.Millisecond)
	return float64(inUse()-before) / float64(n)
}

func memChan() float64 {
	n := number()
	keep = make([]chan uint64, n)
	before := inUse()
	for i := range n {
		keep[i] = make(chan uint64, 1)
	}
	return float64(inUse()-before) / float64(n)
}

func selecting() (int, time.Duration) {
	arms, places, n := number(), number(), number()
	c := make([]chan uint64, arms)
	for i := range c {
		c[i] = make(chan uint64, places)
	}
	start := time.Now()
	for _, c := range c {
		go func() {
			for i := range n / arms {
				c <- uint64(i)
			}
		}()
	}
	switch arms {
	case 2:
		for range n {
			select {
			case <-c[0]:
			case <-c[1]:
			}
		}
	case 8:
		for range n {
			select {
			case <-c[0]:
			case <-c[1]:
			case <-c[2]:
			case <-c[3]:
			case <-c[4]:
			case <-c[5]:
			case <-c[6]:
			case <-c[7]:
			}
		}
	case 64:
		for range n {
			select {
			case <-c[0]:
			case <-c[1]:
			case <-c[2]:
			case <-c[3]:
			case <-c[4]:
			case <-c[5]:
			case <-c[6]:
			case <-c[7]:
			case <-c[8]:
			case <-c[9]:
			case <-c[10]:
			case <-c[11]:
			case <-c[12]:
			case <-c[13]:
			case <-c[14]:
			case <-c[15]:
			case <-c[16]:
			case <-c[17]:
			case <-c[18]:
			case <-c[19]:
			case <-c[20]:
			case <-c[21]:
			case <-c[22]:
			case <-c[23]:
			case <-c[24]:
			case <-c[25]:
			case <-c[26]:
			case <-c[27]:
			case <-c[28]:
			case <-c[29]:
			case <-c[30]:
			case <-c[31]:
			case <-c[32]:
			case <-c[33]:
			case <-c[34]:
			case <-c[35]:
			case <-c[36]:
			case <-c[37]:
			case <-c[38]:
			case <-c[39]:
			case <-c[40]:
			case <-c[41]:
			case <-c[42]:
			case <-c[43]:
			case <-c[44]:
			case <-c[45]:
			case <-c[46]:
			case <-c[47]:
			case <-c[48]:
			case <-c[49]:
			case <-c[50]:
			case <-c[51]:
			case <-c[52]:
			case <-c[53]:
			case <-c[54]:
			case <-c[55]:
			case <-c[56]:
			case <-c[57]:
			case <-c[58]:
			case <-c[59]:
			case <-c[60]:
			case <-c[61]:
			case <-c[62]:
			case <-c[63]:
			}
		}
	}
	return n, time.Since(start)
}
