package selvage

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// attachedFrom is from how many bytes on they do not stand in a header.
const attachedFrom = 1024

// Bytes are bytes for the worker. A []byte would be text, in base64.
type Bytes []byte

func (b Bytes) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"$type": "bytes", "value": []byte(b)})
}

func (b *Bytes) UnmarshalJSON(text []byte) error {
	return untag("bytes", text, (*[]byte)(b))
}

// Stored refers to bytes in the data store: Call.Store makes it, Call.Open reads it.
type Stored struct {
	Hash      string
	Size      int64
	MediaType string
}

type storedValue struct {
	Hash      string `json:"hash"`
	Size      int64  `json:"size"`
	MediaType string `json:"mediaType,omitempty"`
}

func (s Stored) MarshalJSON() ([]byte, error) {
	return json.Marshal(map[string]any{"$type": "stored", "value": storedValue(s)})
}

func (s *Stored) UnmarshalJSON(text []byte) error {
	return untag("stored", text, (*storedValue)(s))
}

func untag(tag string, text []byte, target any) error {
	var tagged struct {
		Type  string          `json:"$type"`
		Value json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(text, &tagged); err != nil || tagged.Type != tag {
		return fmt.Errorf("%.60s where %s are wanted", text, tag)
	}
	return json.Unmarshal(tagged.Value, target)
}

// Value is any value, as the worker writes it. What JSON cannot say is an object with a key $type.
type Value = json.RawMessage

// Outcome is an input of a body that receives outcomes.
type Outcome[T any] struct {
	Kind   string `json:"kind"` // ok, err or skipped
	Value  T      `json:"value"`
	Error  *Error `json:"error"`
	Reason string `json:"reason"`
}

func marshal(value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, &Error{Type: "NotEncodable", Message: fmt.Sprintf("The value at $ cannot be encoded: %v.", err)}
	}
	return bytes.TrimRight(text.Bytes(), "\n"), nil
}

func parse(text []byte) (any, error) {
	var tree any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	err := decoder.Decode(&tree)
	return tree, err
}

// detach takes larger bytes out of the text of a value.
func detach(text []byte) (Value, [][]byte, error) {
	if !bytes.Contains(text, []byte(`"bytes"`)) {
		return text, nil, nil
	}
	tree, err := parse(text)
	if err != nil {
		return nil, nil, err
	}
	var attachments [][]byte
	tree, err = walk(tree, func(tag string, value any) (any, error) {
		encoded, _ := value.(string)
		if tag != "bytes" || len(encoded) < attachedFrom || len(attachments) == mostAttachments {
			return nil, nil
		}
		data, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(data) < attachedFrom {
			return nil, err
		}
		attachments = append(attachments, data)
		return map[string]any{"$type": "attachment", "value": len(attachments) - 1}, nil
	})
	if err != nil {
		return nil, nil, err
	}
	text, err = marshal(tree)
	return text, attachments, err
}

// attach puts bytes that came beside the header into the text of a value.
func attach(text []byte, attachments [][]byte) (Value, error) {
	if !bytes.Contains(text, []byte(`$type`)) && !bytes.Contains(text, []byte(`\u`)) {
		return text, nil
	}
	tree, err := parse(text)
	if err != nil {
		return nil, err
	}
	tree, err = walk(tree, func(tag string, value any) (any, error) {
		if tag != "attachment" {
			return nil, nil
		}
		number, _ := value.(json.Number)
		index, err := number.Int64()
		if err != nil || index < 0 || index >= int64(len(attachments)) {
			return nil, fmt.Errorf("is an attachment that did not come")
		}
		return map[string]any{"$type": "bytes", "value": attachments[index]}, nil
	})
	if err != nil {
		return nil, &Error{Type: "NotDecodable", Message: fmt.Sprintf("The value at $%v.", err)}
	}
	return marshal(tree)
}

// walk goes through a tree. Where change answers something for a tag, that takes the part's place. Tags that are none of a host's business, as
// those of dates, are for who reads them.
func walk(tree any, change func(tag string, value any) (any, error)) (any, error) {
	switch part := tree.(type) {
	case []any:
		for i, item := range part {
			changed, err := walk(item, change)
			if err != nil {
				return nil, fmt.Errorf("[%d]%w", i, err)
			}
			part[i] = changed
		}
	case map[string]any:
		tag, isTagged := part["$type"].(string)
		if isTagged && tag != "object" {
			changed, err := change(tag, part["value"])
			if changed != nil || err != nil {
				return changed, err
			}
			// Not all have a value: undefined has none.
			if value, hasValue := part["value"]; hasValue {
				part["value"], err = walk(value, change)
			}
			return part, err
		}
		members := part
		if inner, isObject := part["value"].(map[string]any); isTagged && isObject {
			members = inner
		}
		for key, item := range members {
			changed, err := walk(item, change)
			if err != nil {
				return nil, fmt.Errorf(".%s%w", key, err)
			}
			members[key] = changed
		}
	}
	return tree, nil
}
