package clients

import (
	"strconv"
	"sync"
	"testing"

	"gopkg.in/redis.v5"
)

func TestAPipelineAnswersInOrder(t *testing.T) {
	client := connectToEmpty(t)
	answers, err := client.Pipelined(func(pipeline *redis.Pipeline) error {
		for number := 0; number < 1000; number++ {
			pipeline.Incr("count")
		}
		return nil
	})
	must(t, err)
	for number, answer := range answers {
		equal(t, answer.(*redis.IntCmd).Val(), int64(number+1))
	}
}

func TestATransactionIsCarriedOutAsOne(t *testing.T) {
	client := connectToEmpty(t)
	var text *redis.StringCmd
	_, err := client.TxPipelined(func(transaction *redis.Pipeline) error {
		transaction.Set("a", 1, 0)
		transaction.Incr("a")
		text = transaction.Get("a")
		return nil
	})
	must(t, err)
	equal(t, text.Val(), "2")
}

func TestOptimisticLockingLosesNoIncrement(t *testing.T) {
	client := connectToEmpty(t)
	addOne := func() error {
		return client.Watch(func(transaction *redis.Tx) error {
			count, err := transaction.Get("count").Int64()
			if err != nil && err != redis.Nil {
				return err
			}
			_, err = transaction.Pipelined(func(queue *redis.Pipeline) error {
				queue.Set("count", strconv.FormatInt(count+1, 10), 0)
				return nil
			})
			return err
		}, "count")
	}
	inParallel(8, func(int) {
		for left := 5; left > 0; {
			switch err := addOne(); err {
			case nil:
				left--
			case redis.TxFailedErr:
			default:
				t.Error(err)
				return
			}
		}
	})
	equal(t, client.Get("count").Val(), "40")
}

func TestAPoolServesManyGoroutines(t *testing.T) {
	few := options("CLIENTS_PORT")
	few.PoolSize = 4
	client := connect(t, few)
	inParallel(50, func(worker int) {
		key := "goroutine:" + strconv.Itoa(worker)
		if err := client.Set(key, key, 0).Err(); err != nil {
			t.Error(err)
		}
		if value := client.Get(key).Val(); value != key {
			t.Error(value)
		}
	})
	if total := client.PoolStats().TotalConns; total > 4 {
		t.Fatal(total)
	}
}

func inParallel(workers int, work func(worker int)) {
	var group sync.WaitGroup
	for worker := 0; worker < workers; worker++ {
		group.Add(1)
		go func(worker int) {
			defer group.Done()
			work(worker)
		}(worker)
	}
	group.Wait()
}

func TestChannelsAndPatterns(t *testing.T) {
	client := connectToEmpty(t)
	subscriber, err := client.Subscribe("news")
	must(t, err)
	defer subscriber.Close()
	must(t, subscriber.PSubscribe("sport.*"))
	until(t, func() bool { return client.PubSubNumPat().Val() == 1 })
	must(t, client.Publish("news", "hello").Err())
	must(t, client.Publish("sport.golf", "par").Err())
	message, err := subscriber.ReceiveMessage()
	must(t, err)
	equal(t, message.Payload, "hello")
	message, err = subscriber.ReceiveMessage()
	must(t, err)
	equal(t, message.Pattern+" "+message.Channel, "sport.* sport.golf")
	equal(t, client.PubSubNumSub("news").Val()["news"], int64(1))
}

func TestSubscriptionsOutliveALostConnection(t *testing.T) {
	client := connectToEmpty(t)
	subscriber, err := client.Subscribe("news")
	must(t, err)
	defer subscriber.Close()
	until(t, func() bool { return client.PubSubNumSub("news").Val()["news"] == 1 })
	messages := make(chan *redis.Message, 1)
	go func() {
		message, err := subscriber.ReceiveMessage()
		if err != nil {
			t.Error(err)
		}
		messages <- message
	}()
	kill := redis.NewIntCmd("CLIENT", "KILL", "TYPE", "pubsub")
	must(t, client.Process(kill))
	equal(t, kill.Val(), int64(1))
	// What is published before it listens again is lost.
	until(t, func() bool {
		must(t, client.Publish("news", "again").Err())
		return len(messages) > 0
	})
	equal(t, (<-messages).Payload, "again")
}
