// A server on Go's package eventsource, with the interface of bench-server.
package main

import (
	"fmt"
	"math/rand"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/donovanhide/eventsource"
)

type event struct{ id, data string }

func (e event) Id() string    { return e.id }
func (e event) Event() string { return "" }
func (e event) Data() string  { return e.data }

func number(request *http.Request, name string, otherwise float64) float64 {
	if value, err := strconv.ParseFloat(request.URL.Query().Get(name), 64); err == nil {
		return value
	}
	return otherwise
}

var names = []string{"ACME", "Borealis", "Cumulus", "Dynamo", "Everest", "Fjord", "Granite", "Horizon"}

// The same as bench-server's.
func quotes(size int) string {
	text := fmt.Sprintf("{\"ts\":%d,\"quotes\":[", time.Now().UnixNano())
	for {
		price, side := 10000+rand.Intn(89999), []string{"buy", "sell"}[rand.Intn(2)]
		text += fmt.Sprintf("{\"symbol\":\"%s\",\"price\":%d.%d,\"volume\":%d,\"side\":\"%s\"},",
			names[rand.Intn(len(names))], price/100, price%100, 1+rand.Intn(4999), side)
		if len(text)+80 >= size {
			return text[:len(text)-1] + "]}"
		}
	}
}

func main() {
	server := eventsource.NewServer()
	// At its default it cuts off every reader that is 128 events behind, which at full speed are all.
	server.BufferSize, _ = strconv.Atoi(os.Args[2])
	server.ReplayAll = true
	server.Gzip = len(os.Args) > 3 && os.Args[3] == "gzip"
	history := eventsource.NewSliceRepository()
	server.Register("0", history)
	var last, published int64
	http.HandleFunc("/stream", server.Handler("0"))
	http.HandleFunc("/stream/", func(response http.ResponseWriter, request *http.Request) {
		server.Handler(strings.TrimPrefix(request.URL.Path, "/stream/"))(response, request)
	})
	http.HandleFunc("/publish", func(response http.ResponseWriter, request *http.Request) {
		count, rate := int(number(request, "n", 1000)), number(request, "rate", 0)
		size, keep := int(number(request, "size", 100)), number(request, "keep", 0) > 0
		channels, burst := int(number(request, "channels", 1)), int(number(request, "burst", 1))
		isJSON := number(request, "json", 0) == 1
		go func() {
			start := time.Now()
			for index := 0; index < count; index++ {
				if rate > 0 && index%burst == 0 {
					time.Sleep(time.Until(start.Add(time.Duration(float64(index) / rate * 1e9))))
				}
				stamp := fmt.Sprintf("ts=%d ", time.Now().UnixNano())
				data := stamp + strings.Repeat("x", max(0, size-len(stamp)))
				if isJSON {
					data = quotes(size)
				}
				next := event{fmt.Sprintf("%012d", atomic.AddInt64(&last, 1)), data}
				if keep {
					history.Add("0", next)
				}
				server.Publish([]string{strconv.Itoa(index % channels)}, next)
				atomic.AddInt64(&published, 1)
			}
		}()
		response.WriteHeader(202)
	})
	http.HandleFunc("/stats", func(response http.ResponseWriter, request *http.Request) {
		fmt.Fprintf(response, "{\"published\": %d}\n", atomic.LoadInt64(&published))
	})
	listener, err := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	if err != nil {
		panic(err)
	}
	panic(http.Serve(listener, nil))
}

func max(a, b int) int {
	if a > b {
		return a
	}
	return b
}
