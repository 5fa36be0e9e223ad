//go:build suite

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"example.org/body-host-go/selvage"
)

// The bodies of describeBodyHost, the suite of body hosts.

func init() { register = append(register, suite) }

type SuiteFailure struct {
	message string
	cause   error
}

func (e *SuiteFailure) Error() string { return e.message }
func (e *SuiteFailure) Unwrap() error { return e.cause }

type SuiteCause struct{}

func (SuiteCause) Error() string { return "because" }

type none struct{}

type said struct {
	Message string `json:"message"`
}

func suite(host *selvage.Host) {
	selvage.Register(host, "suite:echo", "", func(_ context.Context, _ *selvage.Call, in struct{ Value selvage.Value }) (any, error) {
		return in.Value, nil
	})
	selvage.Register(host, "suite:no-value", "", func(context.Context, *selvage.Call, none) (any, error) {
		return map[string]any{"list": []any{1, make(chan int)}}, nil
	})
	selvage.Register(host, "suite:context", "", func(_ context.Context, call *selvage.Call, _ none) (any, error) {
		return map[string]any{
			"runId": call.RunID, "knotId": call.KnotID, "attempt": call.Attempt, "idempotencyKey": call.IdempotencyKey,
		}, nil
	})
	selvage.Register(host, "suite:fail", "", func(_ context.Context, _ *selvage.Call, in said) (any, error) {
		return nil, &SuiteFailure{in.Message, SuiteCause{}}
	})
	selvage.Register(host, "suite:terminal", "", func(_ context.Context, _ *selvage.Call, in said) (any, error) {
		return nil, selvage.Terminal(errors.New(in.Message))
	})
	type later struct {
		said
		Milliseconds int `json:"milliseconds"`
	}
	selvage.Register(host, "suite:retry-after", "", func(_ context.Context, _ *selvage.Call, in later) (any, error) {
		return nil, selvage.RetryAfter(errors.New(in.Message), time.Duration(in.Milliseconds)*time.Millisecond)
	})
	selvage.Register(host, "suite:log", "", func(_ context.Context, call *selvage.Call, _ none) (any, error) {
		for _, level := range []string{"debug", "info", "warn", "error"} {
			call.Log(level, "at "+level, map[string]any{"level": level, "n": 1})
		}
		return nil, nil
	})
	selvage.Register(host, "suite:heartbeat", "", func(_ context.Context, call *selvage.Call, in struct{ Details selvage.Value }) (any, error) {
		return call.LastHeartbeat, call.Heartbeat(in.Details)
	})
	selvage.Register(host, "suite:extend", "", func(_ context.Context, call *selvage.Call, in struct{ Fragment selvage.Value }) (any, error) {
		call.Extend(in.Fragment)
		return nil, nil
	})
	type outcomes struct {
		Good, Bad, Left selvage.Outcome[selvage.Value]
	}
	selvage.RegisterOutcomes(host, "suite:outcomes", "", func(_ context.Context, _ *selvage.Call, in outcomes) (any, error) {
		return map[string]any{"good": in.Good.Value, "bad": in.Bad.Error.Message, "left": in.Left.Reason}, nil
	})
	selvage.Register(host, "suite:wait", "", func(ctx context.Context, call *selvage.Call, _ none) (string, error) {
		call.Log("info", "waiting", nil)
		<-ctx.Done()
		return "ended", nil
	})
	selvage.Register(host, "suite:block", "", func(_ context.Context, call *selvage.Call, in struct{ Path string }) (string, error) {
		call.Log("info", "blocking", nil)
		for {
			if _, err := os.Stat(in.Path); err == nil {
				return "free", nil
			}
		}
	})
	selvage.Register(host, "suite:print", "", func(_ context.Context, _ *selvage.Call, in struct{ Text string }) (any, error) {
		fmt.Fprintln(os.Stdout, in.Text)
		fmt.Fprintln(os.Stderr, in.Text)
		return nil, nil
	})
	selvage.Register(host, "suite:exit", "", func(context.Context, *selvage.Call, none) (any, error) {
		os.Exit(3)
		return nil, nil
	})
	type storing struct {
		Parts, Size int
		MediaType   string
		Fails       bool
	}
	selvage.Register(host, "suite:store", "", func(_ context.Context, call *selvage.Call, in storing) (selvage.Stored, error) {
		var parts []io.Reader
		for part := 0; part < in.Parts; part++ {
			parts = append(parts, bytes.NewReader(bytes.Repeat([]byte{byte(part)}, in.Size)))
		}
		if in.Fails {
			parts = append(parts, failing{})
		}
		return call.Store(io.MultiReader(parts...), in.MediaType)
	})
	selvage.Register(host, "suite:open", "", func(_ context.Context, call *selvage.Call, in struct{ Stored selvage.Stored }) (selvage.Bytes, error) {
		source := call.Open(in.Stored)
		defer source.Close()
		return io.ReadAll(source)
	})
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the source is gone") }
