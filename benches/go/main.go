// The cells in Go. Each run prints one figure: nanoseconds per operation, or bytes.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"
)

var words = os.Args[1:]

func word() string {
	w := words[0]
	words = words[1:]
	return w
}

func number() int {
	n, err := strconv.Atoi(word())
	if err != nil {
		panic(err)
	}
	return n
}

// flavor sets how many threads run Go code.
func flavor() {
	if word() == "ct" {
		runtime.GOMAXPROCS(1)
	}
}

func main() {
	runtime.GOMAXPROCS(2)
	// Operations, and the time that all of them took.
	times := map[string]func() (int, time.Duration){
		"throughput": throughput,
		"pingpong":   pingpong,
		"select":     selecting,
		"else":       selectElse,
		"both":       selectBoth,
		"spawnall":   spawnAll,
		"spawnone":   spawnOne,
		"sieve":      sieve,
		"chain":      chain,
		"timeout":    timeouts,
		"cancel":     cancel,
		"parked":     parked,
		"pairs":      pairs,
	}
	bytes := map[string]func() float64{"memtask": memTask, "memchan": memChan}
	name := word()
	if cell, ok := times[name]; ok {
		n, took := cell()
		fmt.Println(float64(took.Nanoseconds()) / float64(n))
	} else if cell, ok := bytes[name]; ok {
		fmt.Println(cell())
	} else {
		panic("no cell " + name)
	}
}
