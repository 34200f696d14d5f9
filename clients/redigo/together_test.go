package clients

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"
)

func TestAPipelineAnswersInOrder(t *testing.T) {
	connection := connectToEmpty(t)
	for number := 0; number < 1000; number++ {
		if err := connection.Send("INCR", "count"); err != nil {
			t.Fatal(err)
		}
	}
	if err := connection.Flush(); err != nil {
		t.Fatal(err)
	}
	for number := 1; number <= 1000; number++ {
		if count, err := redis.Int(connection.Receive()); count != number {
			t.Fatal(count, err)
		}
	}
}

func TestATransactionIsCarriedOutAsOne(t *testing.T) {
	connection := connectToEmpty(t)
	connection.Send("MULTI")
	connection.Send("SET", "a", "1")
	connection.Send("INCR", "a")
	answers, err := redis.Values(connection.Do("EXEC"))
	if err != nil || len(answers) != 2 || answers[0] != "OK" || answers[1] != int64(2) {
		t.Fatal(answers, err)
	}
}

func TestOptimisticLockingLosesNoIncrement(t *testing.T) {
	connectToEmpty(t)
	pool := &redis.Pool{
		MaxActive: 4,
		Wait:      true,
		Dial:      func() (redis.Conn, error) { return dial("CLIENTS_PORT") },
	}
	defer pool.Close()
	var workers sync.WaitGroup
	for worker := 0; worker < 10; worker++ {
		workers.Add(1)
		go func() {
			defer workers.Done()
			for left := 5; left > 0; {
				added, err := addOne(pool)
				if err != nil {
					t.Error(err)
					return
				}
				if added {
					left--
				}
			}
		}()
	}
	workers.Wait()
	connection := pool.Get()
	defer connection.Close()
	if count, err := redis.Int(connection.Do("GET", "count")); count != 50 {
		t.Fatal(count, err)
	}
}

// addOne says whether nobody else changed the count meanwhile.
func addOne(pool *redis.Pool) (bool, error) {
	connection := pool.Get()
	defer connection.Close()
	if _, err := connection.Do("WATCH", "count"); err != nil {
		return false, err
	}
	count, err := redis.Int(connection.Do("GET", "count"))
	if err != nil && err != redis.ErrNil {
		return false, err
	}
	connection.Send("MULTI")
	connection.Send("SET", "count", count+1)
	reply, err := connection.Do("EXEC")
	return reply != nil, err
}

func TestAPoolServesManyGoroutines(t *testing.T) {
	pool := &redis.Pool{
		MaxActive:    8,
		MaxIdle:      8,
		Wait:         true,
		Dial:         func() (redis.Conn, error) { return dial("CLIENTS_PORT") },
		TestOnBorrow: answers,
	}
	defer pool.Close()
	var workers sync.WaitGroup
	for worker := 0; worker < 50; worker++ {
		workers.Add(1)
		go func(key string) {
			defer workers.Done()
			connection, err := pool.GetContext(context.Background())
			if err != nil {
				t.Error(err)
				return
			}
			defer connection.Close()
			connection.Do("SET", key, key)
			if value, err := redis.String(connection.Do("GET", key)); value != key {
				t.Error(value, err)
			}
		}(fmt.Sprint("goroutine:", worker))
	}
	workers.Wait()
}

func answers(connection redis.Conn, _ time.Time) error {
	_, err := connection.Do("PING")
	return err
}

func TestChannelsAndPatterns(t *testing.T) {
	publisher := connectToEmpty(t)
	subscriber := redis.PubSubConn{Conn: connect(t)}
	if err := subscriber.Subscribe("news"); err != nil {
		t.Fatal(err)
	}
	if err := subscriber.PSubscribe("sport.*"); err != nil {
		t.Fatal(err)
	}
	for _, count := range []int{1, 2} {
		if confirmed, isIt := subscriber.Receive().(redis.Subscription); !isIt || confirmed.Count != count {
			t.Fatal(confirmed)
		}
	}
	ask(t, publisher, "PUBLISH", "news", "hello")
	ask(t, publisher, "PUBLISH", "sport.golf", "par")
	news, isMessage := subscriber.Receive().(redis.Message)
	if !isMessage || news.Channel != "news" || string(news.Data) != "hello" {
		t.Fatal(news)
	}
	sport, isMessage := subscriber.Receive().(redis.Message)
	if !isMessage || sport.Pattern != "sport.*" || sport.Channel != "sport.golf" {
		t.Fatal(sport)
	}
	if err := subscriber.Ping("there?"); err != nil {
		t.Fatal(err)
	}
	if pong, isPong := subscriber.Receive().(redis.Pong); !isPong || pong.Data != "there?" {
		t.Fatal(pong)
	}
	subscriber.Unsubscribe()
	if left, isIt := subscriber.Receive().(redis.Subscription); !isIt || left.Count != 1 {
		t.Fatal(left)
	}
}

func TestASubscriberThatIsDisconnectedIsToldAndComesBack(t *testing.T) {
	publisher := connectToEmpty(t)
	subscriber := redis.PubSubConn{Conn: connect(t)}
	subscriber.Subscribe("news")
	subscriber.Receive()
	ask(t, publisher, "CLIENT", "KILL", "TYPE", "pubsub")
	if _, isError := subscriber.Receive().(error); !isError {
		t.Fatal("the connection is still open")
	}
	subscriber = redis.PubSubConn{Conn: connect(t)}
	subscriber.Subscribe("news")
	subscriber.Receive()
	until(t, func() bool { return ask(t, publisher, "PUBLISH", "news", "again") == int64(1) })
	if message, isMessage := subscriber.Receive().(redis.Message); !isMessage || string(message.Data) != "again" {
		t.Fatal(message)
	}
}
