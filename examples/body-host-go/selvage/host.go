package selvage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
)

const protocol = 1

// Host has bodies, and calls them for a worker.
type Host struct {
	bodies  map[string]body
	names   []string
	channel *channel
	running sync.WaitGroup
	mutex   sync.Mutex
	cancel  map[int64]context.CancelCauseFunc
	streams map[int64]*stream
	last    int64
}

type body struct {
	receives string
	summary  string
	call     func(ctx context.Context, call *Call, inputs Value) (any, error)
}

// NewHost answers one without bodies.
func NewHost() *Host {
	return &Host{bodies: map[string]body{}, cancel: map[int64]context.CancelCauseFunc{}, streams: map[int64]*stream{}}
}

// Register adds a body. Its inputs are read into I, and its result written, as encoding/json does; bytes are Bytes.
//
// The context ends when the call is to end; context.Cause says why. A body that goes on costs this process.
func Register[I, O any](host *Host, name, summary string, run func(ctx context.Context, call *Call, in I) (O, error)) {
	register(host, name, summary, "values", run)
}

// RegisterOutcomes adds a body that receives outcomes: the fields of I are of types Outcome.
func RegisterOutcomes[I, O any](host *Host, name, summary string, run func(ctx context.Context, call *Call, in I) (O, error)) {
	register(host, name, summary, "outcomes", run)
}

func register[I, O any](host *Host, name, summary, receives string, run func(context.Context, *Call, I) (O, error)) {
	host.names = append(host.names, name)
	host.bodies[name] = body{receives, summary, func(ctx context.Context, call *Call, inputs Value) (any, error) {
		var in I
		if err := json.Unmarshal(inputs, &in); err != nil {
			return nil, &Error{"InvalidInput", fmt.Sprintf("The inputs of %s do not fit: %v.", name, err)}
		}
		return run(ctx, call, in)
	}}
}

// Serve answers the worker that has started this process, and ends the process with its status.
func (h *Host) Serve() {
	fd, err := strconv.Atoi(os.Getenv("SELVAGE_BODY_FD"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "SELVAGE_BODY_FD names no file descriptor. A worker starts this program, with a socket.")
		os.Exit(2)
	}
	os.Unsetenv("SELVAGE_BODY_FD")
	h.channel = newChannel(fd)
	hello := h.read()
	if hello.Type != "hello" {
		broken(fmt.Errorf("a frame of type %q at the beginning", hello.Type))
	}
	if !slices.Contains(hello.Protocols, protocol) {
		message := fmt.Sprintf("The worker knows the body protocol in versions %v, and this host %d.", hello.Protocols, protocol)
		h.say(map[string]any{"type": "refused", "error": &Error{"ProtocolUnknown", message}})
		os.Exit(1)
	}
	h.say(map[string]any{
		"type": "ready", "protocol": protocol, "language": "go", "runtime": runtime.Version(),
		// Calls have goroutines, and this many cores.
		"concurrency": runtime.GOMAXPROCS(0),
	})
	for {
		h.hear(h.read())
	}
}

func (h *Host) read() frame {
	read, err := h.channel.read()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, os.ErrClosed) {
		os.Exit(0) // the worker has gone: nobody waits for what bodies do
	}
	if err != nil {
		broken(err)
	}
	return read
}

func broken(err error) {
	fmt.Fprintf(os.Stderr, "What the worker sent is no frame (%v). The connection ends.\n", err)
	os.Exit(2)
}

func (h *Host) say(message map[string]any, attachments ...[]byte) {
	if err := h.channel.send(message, attachments...); err != nil {
		panic(err)
	}
}

func (h *Host) hear(message frame) {
	switch message.Type {
	case "ping":
		h.say(map[string]any{"type": "pong", "id": message.ID})
	case "describe":
		h.describe(message.ID)
	case "call":
		ctx, cancel := context.WithCancelCause(context.Background())
		h.mutex.Lock()
		h.cancel[message.ID] = cancel
		h.mutex.Unlock()
		h.running.Add(1)
		go h.answer(ctx, message)
	case "cancel":
		h.mutex.Lock()
		cancel := h.cancel[message.ID]
		h.mutex.Unlock()
		if cancel != nil {
			cancel(&Error{"Cancelled", fmt.Sprintf("The call is to end (%s).", message.Reason)})
		}
	case "more", "chunk", "end", "stored", "failed":
		h.hearStream(message)
	case "goodbye":
		go func() {
			h.running.Wait()
			os.Exit(0)
		}()
	default:
		broken(fmt.Errorf("a frame of type %q", message.Type))
	}
}

// describe names all bodies: the modules are one program.
func (h *Host) describe(id int64) {
	described := []map[string]any{}
	for _, name := range h.names {
		body := h.bodies[name]
		described = append(described, map[string]any{"name": name, "receives": body.receives, "summary": body.summary})
	}
	h.say(map[string]any{"type": "described", "id": id, "bodies": described})
}

func (h *Host) answer(ctx context.Context, message frame) {
	defer h.running.Done()
	value, attachments, err := h.run(ctx, message)
	h.mutex.Lock()
	h.cancel[message.ID](nil)
	delete(h.cancel, message.ID)
	for number, stream := range h.streams {
		if stream.call == message.ID {
			delete(h.streams, number)
		}
	}
	h.mutex.Unlock()
	if err == nil {
		err = h.channel.send(map[string]any{"type": "value", "id": message.ID, "value": value}, attachments...)
	}
	if err != nil {
		h.say(map[string]any{"type": "error", "id": message.ID, "error": told(err)})
	}
}

func (h *Host) run(ctx context.Context, message frame) (value Value, attachments [][]byte, err error) {
	defer func() {
		if value := recover(); value != nil {
			err = recovered(value)
		}
	}()
	body, isThere := h.bodies[message.Body]
	if !isThere {
		return nil, nil, &Error{"BodyMissing", fmt.Sprintf("There is no body %q here; there are %v.", message.Body, h.names)}
	}
	inputs, err := attach(message.Inputs, message.attachments)
	if err != nil {
		return nil, nil, err
	}
	result, err := body.call(ctx, &Call{callContext: message.Context, id: message.ID, host: h, ctx: ctx}, inputs)
	if err != nil {
		return nil, nil, err
	}
	text, err := marshal(result)
	if err != nil {
		return nil, nil, err
	}
	return detach(text)
}
