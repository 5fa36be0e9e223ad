package selvage

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"time"
)

// Error is an error by the name that its type has for the worker.
type Error struct {
	Type    string `json:"type"`
	Message string `json:"message"`
}

func (e *Error) Error() string { return e.Message }

type terminal struct{ error }

func (e terminal) Unwrap() error { return e.error }

// Terminal says that no retry can help.
func Terminal(err error) error { return terminal{err} }

type retryable struct {
	error
	after time.Duration
}

func (e retryable) Unwrap() error { return e.error }

// RetryAfter says when a retry can help.
func RetryAfter(err error, after time.Duration) error { return retryable{err, after} }

// panicked is what a body has panicked with.
type panicked struct {
	value any
	stack []runtime.Frame
}

func (p *panicked) Error() string { return fmt.Sprint(p.value) }

// recovered is called by the deferred function that has recovered the value.
func recovered(value any) *panicked {
	pointers := make([]uintptr, 100)
	frames := runtime.CallersFrames(pointers[:runtime.Callers(3, pointers)])
	var stack []runtime.Frame
	for {
		frame, more := frames.Next()
		if strings.Contains(frame.Function, "/selvage.") || !more {
			return &panicked{value, stack}
		}
		if !strings.HasPrefix(frame.Function, "runtime.") {
			stack = append(stack, frame)
		}
	}
}

// told is an error as the protocol says it.
func told(err error) map[string]any {
	said := map[string]any{"message": err.Error()}
	for {
		if retry, isRetryable := err.(retryable); isRetryable {
			said["retryAfter"] = retry.after.Milliseconds()
			err = retry.error
		} else if last, isTerminal := err.(terminal); isTerminal {
			said["isTerminal"] = true
			err = last.error
		} else {
			break
		}
	}
	said["type"] = typeOf(err)
	var panic *panicked
	if errors.As(err, &panic) && len(panic.stack) > 0 {
		lines := []string{fmt.Sprintf("%s: %s", said["type"], said["message"])}
		for _, frame := range panic.stack {
			lines = append(lines, fmt.Sprintf("    at %s (%s:%d)", frame.Function, frame.File, frame.Line))
		}
		said["traceback"] = strings.Join(lines, "\n")
		said["at"] = fmt.Sprintf("%s:%d", panic.stack[0].File, panic.stack[0].Line)
	}
	if cause := errors.Unwrap(err); cause != nil {
		said["cause"] = told(cause)
	}
	if group, isGroup := err.(interface{ Unwrap() []error }); isGroup {
		members := []map[string]any{}
		for _, member := range group.Unwrap() {
			members = append(members, told(member))
		}
		said["errors"] = members
	}
	return said
}

// typeOf is the name of an error's type, which nonRetryableErrors of a retry may name. Those of the standard library that have no name of
// their own are an Error.
func typeOf(err error) string {
	if named, isNamed := err.(*Error); isNamed {
		return named.Type
	}
	if _, isPanic := err.(*panicked); isPanic {
		return "Panic"
	}
	if err == context.Canceled {
		return "Cancelled"
	}
	kind := reflect.TypeOf(err)
	if kind.Kind() == reflect.Pointer {
		kind = kind.Elem()
	}
	if name := kind.Name(); name != "" && strings.ToUpper(name[:1]) == name[:1] {
		return name
	}
	return "Error"
}
