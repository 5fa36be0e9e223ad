package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"

	"example.org/body-host-go/selvage"
)

type canvas struct {
	Width  int `json:"width"`
	Height int `json:"height"`
}

type shrinking struct {
	Picture selvage.Bytes `json:"picture"`
	Width   int           `json:"width"`
}

type size struct {
	Width  int `json:"width"`
	Height int `json:"height"`
	Bytes  int `json:"bytes"`
}

func pictures(host *selvage.Host) {
	selvage.Register(host, "pictures:draw", "Draws a gradient, as PNG.", draw)
	selvage.Register(host, "pictures:shrink", "Makes a picture narrower.", shrink)
	selvage.Register(host, "pictures:measure", "Tells how large a picture is.", measure)
}

func draw(_ context.Context, _ *selvage.Call, in canvas) (selvage.Bytes, error) {
	if in.Width < 1 || in.Height < 1 {
		// The same inputs will fail again.
		return nil, selvage.Terminal(fmt.Errorf("a picture of %d × %d pixels", in.Width, in.Height))
	}
	picture := image.NewRGBA(image.Rect(0, 0, in.Width, in.Height))
	for y := range in.Height {
		for x := range in.Width {
			picture.Set(x, y, color.RGBA{uint8(255 * x / in.Width), uint8(255 * y / in.Height), 128, 255})
		}
	}
	return encode(picture)
}

func shrink(ctx context.Context, call *selvage.Call, in shrinking) (selvage.Bytes, error) {
	source, err := png.Decode(bytes.NewReader(in.Picture))
	if err != nil {
		return nil, fmt.Errorf("the picture cannot be read: %w", err)
	}
	from := source.Bounds()
	if in.Width < 1 || in.Width > from.Dx() {
		return nil, selvage.Terminal(fmt.Errorf("a picture of %d pixels cannot become one of %d", from.Dx(), in.Width))
	}
	height := max(1, from.Dy()*in.Width/from.Dx())
	small := image.NewRGBA(image.Rect(0, 0, in.Width, height))
	for y := range height {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx) // the run was cancelled, or the time is over
		}
		for x := range in.Width {
			small.Set(x, y, source.At(from.Min.X+x*from.Dx()/in.Width, from.Min.Y+y*from.Dy()/height))
		}
	}
	call.Log("info", fmt.Sprintf("from %d to %d pixels", from.Dx(), in.Width), map[string]any{"height": height})
	return encode(small)
}

func measure(_ context.Context, _ *selvage.Call, in struct {
	Picture selvage.Bytes `json:"picture"`
}) (size, error) {
	picture, err := png.DecodeConfig(bytes.NewReader(in.Picture))
	return size{picture.Width, picture.Height, len(in.Picture)}, err
}

func encode(picture image.Image) (selvage.Bytes, error) {
	var text bytes.Buffer
	err := png.Encode(&text, picture)
	return text.Bytes(), err
}
