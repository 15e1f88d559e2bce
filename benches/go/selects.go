package main

import "time"

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
	receive(c, n)
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

// timeouts tells the processor's time of receives that give up after a millisecond.
func timeouts() (int, time.Duration) {
	shared, tasks, each := word() == "shared", number(), number()
	c := make(chan uint64, 1)
	done := make(chan bool)
	start := processorTime()
	for range tasks {
		if !shared {
			c = make(chan uint64, 1)
		}
		go func(c chan uint64) {
			for range each {
				select {
				case <-c:
				case <-time.After(time.Millisecond):
				}
			}
			done <- true
		}(c)
	}
	for range tasks {
		<-done
	}
	return tasks * each, processorTime() - start
}

// cancel ends goroutines that wait for one channel, by closing another.
func cancel() (int, time.Duration) {
	waiters := number()
	c, cancelled := make(chan uint64, 1), make(chan bool)
	done := make(chan bool, waiters)
	for range waiters {
		go func() {
			select {
			case <-c:
			case <-cancelled:
			}
			done <- true
		}()
	}
	time.Sleep(50 * time.Millisecond)
	start := time.Now()
	close(cancelled)
	for range waiters {
		<-done
	}
	return waiters, time.Since(start)
}
