package selvage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

const (
	chunkBytes    = 1 << 20
	mostHeartbeat = 8 << 10
)

type callContext struct {
	RunID          string `json:"runId"`
	KnotID         string `json:"knotId"`
	Attempt        int    `json:"attempt"`        // starts at 1
	IdempotencyKey string `json:"idempotencyKey"` // the same for all attempts of a knot in a run
	LastHeartbeat  Value  `json:"lastHeartbeat"`  // what an earlier attempt gave to Heartbeat, or nil
}

// Call is what a body may ask of the worker while it runs, and not afterwards.
type Call struct {
	callContext
	id   int64
	host *Host
	ctx  context.Context
}

// Log writes a line of the body's log. The level is debug, info, warn or error.
func (c *Call) Log(level, message string, fields map[string]any) {
	if fields == nil {
		fields = map[string]any{}
	}
	c.host.say(map[string]any{"type": "log", "id": c.id, "level": level, "message": message, "fields": fields})
}

// Heartbeat keeps details, of at most 8 KiB, for the next attempt.
func (c *Call) Heartbeat(details any) error {
	text, err := marshal(details)
	if err == nil && len(text) > mostHeartbeat {
		err = &Error{"NotEncodable", fmt.Sprintf("The details of a heartbeat take %d bytes, and at most 8 KiB are kept.", len(text))}
	}
	if err != nil {
		return err
	}
	c.host.say(map[string]any{"type": "heartbeat", "id": c.id, "details": Value(text)})
	return nil
}

// Extend adds knots to the run. It counts only if the body returns no error.
func (c *Call) Extend(fragment any) {
	c.host.say(map[string]any{"type": "extend", "id": c.id, "fragment": fragment})
}

type stream struct {
	call    int64
	replies chan frame
}

func (h *Host) hearStream(message frame) {
	h.mutex.Lock()
	stream := h.streams[message.Stream]
	h.mutex.Unlock()
	if stream == nil {
		return // it is over: this was under way
	}
	select {
	case stream.replies <- message:
	default:
		broken(fmt.Errorf("more frames of stream %d than were asked for", message.Stream))
	}
}

func (c *Call) begin(message map[string]any) (int64, *stream) {
	begun := &stream{c.id, make(chan frame, 8)}
	c.host.mutex.Lock()
	c.host.last++
	number := c.host.last
	c.host.streams[number] = begun
	c.host.mutex.Unlock()
	message["id"], message["stream"] = c.id, number
	c.host.say(message)
	return number, begun
}

func (c *Call) over(number int64) {
	c.host.mutex.Lock()
	delete(c.host.streams, number)
	c.host.mutex.Unlock()
}

func (c *Call) reply(stream *stream) (frame, error) {
	select {
	case message := <-stream.replies:
		if message.Type == "failed" {
			return message, message.Error
		}
		return message, nil
	case <-c.ctx.Done():
		return frame{}, context.Cause(c.ctx)
	}
}

func (c *Call) fail(number int64, err error) {
	c.host.say(map[string]any{"type": "failed", "stream": number, "error": told(err)})
}

// Store streams bytes into the data store. The media type may be empty.
func (c *Call) Store(source io.Reader, mediaType string) (Stored, error) {
	message := map[string]any{"type": "store"}
	if mediaType != "" {
		message["mediaType"] = mediaType
	}
	number, stream := c.begin(message)
	defer c.over(number)
	chunk := make([]byte, chunkBytes)
	for isFirst := true; ; isFirst = false {
		size, err := io.ReadFull(source, chunk)
		if size > 0 && !isFirst {
			if _, err := c.reply(stream); err != nil {
				return Stored{}, err
			}
		}
		if size > 0 {
			c.host.say(map[string]any{"type": "chunk", "stream": number}, chunk[:size])
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			c.fail(number, err)
			return Stored{}, err
		}
	}
	c.host.say(map[string]any{"type": "end", "stream": number})
	for {
		message, err := c.reply(stream)
		if err != nil {
			return Stored{}, err
		}
		if message.Type == "stored" {
			var stored Stored
			return stored, stored.UnmarshalJSON(message.Value)
		}
	}
}

// Open reads stored bytes, once from their beginning. The worker checks their hash at the end.
func (c *Call) Open(stored Stored) io.ReadCloser {
	number, stream := c.begin(map[string]any{"type": "open", "value": stored})
	return &reader{call: c, number: number, stream: stream}
}

type reader struct {
	call   *Call
	number int64
	stream *stream
	rest   []byte
	err    error
}

func (r *reader) Read(into []byte) (int, error) {
	for len(r.rest) == 0 && r.err == nil {
		message, err := r.call.reply(r.stream)
		switch {
		case err != nil:
			r.err = err
		case message.Type == "end":
			r.err = io.EOF
		case message.Type == "chunk" && len(message.attachments) == 1:
			r.rest = message.attachments[0]
			r.call.host.say(map[string]any{"type": "more", "stream": r.number})
		}
	}
	if len(r.rest) == 0 {
		return 0, r.err
	}
	size := copy(into, r.rest)
	r.rest = r.rest[size:]
	return size, nil
}

// Close says that nothing more is wanted.
func (r *reader) Close() error {
	if r.err == nil {
		r.err = os.ErrClosed
		r.call.fail(r.number, errors.New("no more is wanted"))
	}
	r.call.over(r.number)
	return nil
}
