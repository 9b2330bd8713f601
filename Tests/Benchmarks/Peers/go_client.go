// Many streams of Go's package eventsource that are open and wait, and what memory each takes: go-client URL STREAMS
package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/donovanhide/eventsource"
)

func resident() float64 {
	text, _ := os.ReadFile("/proc/self/statm")
	pages, _ := strconv.ParseFloat(strings.Fields(string(text))[1], 64)
	return pages * float64(os.Getpagesize())
}

func open(url string, count int) []*eventsource.Stream {
	var streams []*eventsource.Stream
	for len(streams) < count {
		stream, err := eventsource.Subscribe(url, "")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		streams = append(streams, stream)
	}
	// What is garbage is not counted.
	debug.FreeOSMemory()
	return streams
}

func main() {
	count, err := strconv.Atoi(os.Args[2])
	if err != nil || count < 1 {
		os.Exit(64)
	}
	streams := open(os.Args[1], 1)
	before, start := resident(), time.Now()
	streams = append(streams, open(os.Args[1], count)...)
	kib := (resident() - before) / float64(count) / 1024
	fmt.Printf("{\"sources\": %d, \"kib\": %f, \"seconds\": %f}\n", len(streams)-1, kib, time.Since(start).Seconds())
}
