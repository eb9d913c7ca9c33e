package integrations

import (
	"fmt"
	"net/http"

	amqp "github.com/rabbitmq/amqp091-go"
)

const queue = "visitors"

// withQueue does something on a channel of its own, in which the queue is there.
func withQueue(do func(*amqp.Channel) error) error {
	url, err := needed("RABBITMQ_CONNECT_STRING", "rabbitmq")
	if err != nil {
		return err
	}
	connection, err := amqp.Dial(url)
	if err != nil {
		return err
	}
	defer connection.Close()
	channel, err := connection.Channel()
	if err != nil {
		return err
	}
	if _, err := channel.QueueDeclare(queue, true, false, false, false, nil); err != nil {
		return err
	}
	if err := do(channel); err != nil {
		return err
	}
	return channel.Close()
}

func publish(w http.ResponseWriter, r *http.Request) error {
	message, err := body(r)
	if err != nil {
		return err
	}
	err = withQueue(func(channel *amqp.Channel) error {
		return channel.PublishWithContext(r.Context(), "", queue, true, false,
			amqp.Publishing{ContentType: "text/plain", DeliveryMode: amqp.Persistent, Body: message})
	})
	if err != nil {
		return err
	}
	fmt.Fprint(w, "queued")
	return nil
}

func consume(w http.ResponseWriter, _ *http.Request) error {
	return withQueue(func(channel *amqp.Channel) error {
		message, ok, err := channel.Get(queue, true)
		if err != nil {
			return err
		}
		if !ok {
			w.WriteHeader(http.StatusNoContent)
			return nil
		}
		_, err = w.Write(message.Body)
		return err
	})
}
