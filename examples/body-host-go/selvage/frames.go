// Package selvage speaks the body protocol: it calls bodies in Go for a worker of Selvage.
package selvage

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"syscall"
	"unicode/utf8"
)

const (
	mostHeader      = 64 << 20
	mostAttached    = 2 << 30
	mostAttachments = 16_384
)

// header has what a worker says in any frame; members that it lacks are passed over.
type header struct {
	Type        string          `json:"type"`
	ID          int64           `json:"id"`
	Stream      int64           `json:"stream"`
	Protocols   []int           `json:"protocols"`
	Body        string          `json:"body"`
	Inputs      json.RawMessage `json:"inputs"`
	Context     callContext     `json:"context"`
	Reason      string          `json:"reason"`
	Value       json.RawMessage `json:"value"`
	Error       *Error          `json:"error"`
	Attachments []int64         `json:"attachments"`
}

type frame struct {
	header
	attachments [][]byte
}

// channel carries frames. One goroutine reads; any may send.
type channel struct {
	socket *os.File
	reader *bufio.Reader
	mutex  sync.Mutex
}

func newChannel(fd int) *channel {
	// Programs that bodies start must not hold the connection open.
	syscall.CloseOnExec(fd)
	socket := os.NewFile(uintptr(fd), "worker")
	return &channel{socket: socket, reader: bufio.NewReaderSize(socket, 64<<10)}
}

// read returns io.EOF or io.ErrUnexpectedEOF where the worker has gone; any other error says that what came is no frame.
func (c *channel) read() (frame, error) {
	var prefix [4]byte
	if _, err := io.ReadFull(c.reader, prefix[:]); err != nil {
		return frame{}, err
	}
	length := binary.BigEndian.Uint32(prefix[:])
	if length == 0 || length > mostHeader {
		return frame{}, fmt.Errorf("a header of %d bytes", length)
	}
	text := make([]byte, length)
	if _, err := io.ReadFull(c.reader, text); err != nil {
		return frame{}, err
	}
	var read frame
	if text[0] != '{' || !utf8.Valid(text) {
		return frame{}, errors.New("a header that is no JSON object in UTF-8")
	}
	if err := json.Unmarshal(text, &read.header); err != nil {
		return frame{}, fmt.Errorf("a header that cannot be read: %w", err)
	}
	if len(read.Attachments) > mostAttachments {
		return frame{}, fmt.Errorf("%d attachments", len(read.Attachments))
	}
	var total int64
	for _, size := range read.Attachments {
		if size < 0 || size > mostAttached {
			return frame{}, fmt.Errorf("an attachment of %d bytes", size)
		}
		total += size
	}
	if total > mostAttached {
		return frame{}, fmt.Errorf("attachments of %d bytes together", total)
	}
	for _, size := range read.Attachments {
		attachment := make([]byte, size)
		if _, err := io.ReadFull(c.reader, attachment); err != nil {
			return frame{}, err
		}
		read.attachments = append(read.attachments, attachment)
	}
	return read, nil
}

// send is done when the system has taken the frame: attachments may change afterwards.
func (c *channel) send(message map[string]any, attachments ...[]byte) error {
	if len(attachments) > 0 {
		sizes := make([]int, len(attachments))
		for i, attachment := range attachments {
			sizes[i] = len(attachment)
		}
		message["attachments"] = sizes
	}
	text, err := marshal(message)
	if err != nil {
		return err
	}
	if len(text) > mostHeader {
		return &Error{Type: "NotEncodable", Message: fmt.Sprintf("The value at $ takes %d bytes of JSON, and at most 64 MiB travel.", len(text))}
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	// What cannot be written is for a worker that has gone, which the reading side finds.
	_, _ = c.socket.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(text))), text...))
	for _, attachment := range attachments {
		_, _ = c.socket.Write(attachment)
	}
	return nil
}
