package main

import (
	"math/rand"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

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

// processorTime is that of the whole process.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
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

// parked wakes parked goroutines, each with its own channel, in random order, on one thread.
func parked() (int, time.Duration) {
	runtime.GOMAXPROCS(1)
	tasks, n := number(), number()
	passes := max(n/tasks, 1)
	var woken atomic.Int64
	c := make([]chan uint64, tasks)
	for i := range c {
		own := make(chan uint64, 1)
		c[i] = own
		go func() {
			for range own {
				woken.Add(1)
			}
		}()
	}
	rand.New(rand.NewSource(1)).Shuffle(tasks, func(i, j int) { c[i], c[j] = c[j], c[i] })
	time.Sleep(50 * time.Millisecond)
	start := time.Now()
	for pass := 1; pass <= passes; pass++ {
		for _, c := range c {
			c <- 1
		}
		for woken.Load() < int64(pass*tasks) {
			runtime.Gosched()
		}
	}
	return tasks * passes, time.Since(start)
}
