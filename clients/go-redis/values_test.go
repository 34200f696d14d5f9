package clients

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"gopkg.in/redis.v5"
)

func TestDatabasesAreApart(t *testing.T) {
	first := connectToEmpty(t)
	inNine := options("CLIENTS_PORT")
	inNine.DB = 9
	second := connect(t, inNine)
	must(t, first.Set("a", "1", 0).Err())
	equal(t, second.Get("a").Err(), redis.Nil)
	must(t, second.Set("a", "9", 0).Err())
	must(t, second.FlushDb().Err())
	equal(t, first.Get("a").Val(), "1")
}

func TestValues(t *testing.T) {
	client := connectToEmpty(t)
	must(t, client.Set("a", 1, time.Minute).Err())
	equal(t, client.SetNX("a", 2, 0).Val(), false)
	equal(t, client.SetXX("a", 2, 1500*time.Millisecond).Val(), true)
	equal(t, client.IncrBy("a", 40).Val(), int64(42))
	equal(t, client.IncrByFloat("a", 0.5).Val(), 42.5)
	equal(t, client.Append("b", "Hello World").Val(), int64(11))
	equal(t, client.GetRange("b", 0, 4).Val(), "Hello")
	equal(t, client.SetRange("b", 6, "Redis").Val(), int64(11))
	equal(t, client.GetSet("b", "2").Val(), "Hello Redis")
	must(t, client.MSet("c", "3", "d", "4").Err())
	equal(t, fmt.Sprint(client.MGet("c", "d", "e").Val()), "[3 4 <nil>]")
	equal(t, client.Del("a", "b", "e").Val(), int64(2))
	must(t, client.Rename("c", "f").Err())
	equal(t, client.Type("f").Val(), "string")
	equal(t, client.DbSize().Val(), int64(2))
}

func TestHashes(t *testing.T) {
	client := connectToEmpty(t)
	must(t, client.HMSet("h", map[string]string{"name": "Ada", "age": "36"}).Err())
	equal(t, client.HSet("h", "name", "Grace").Val(), false)
	equal(t, client.HGet("h", "name").Val(), "Grace")
	equal(t, fmt.Sprint(client.HGetAll("h").Val()), "map[age:36 name:Grace]")
	equal(t, fmt.Sprint(client.HMGet("h", "age", "shoe").Val()), "[36 <nil>]")
	equal(t, client.HIncrBy("h", "age", 2).Val(), int64(38))
	equal(t, client.HExists("h", "shoe").Val(), false)
	equal(t, client.HLen("h").Val(), int64(2))
	equal(t, client.HDel("h", "name", "age").Val(), int64(2))
}

func TestExpiry(t *testing.T) {
	client := connectToEmpty(t)
	must(t, client.Set("a", 1, 0).Err())
	equal(t, client.TTL("a").Val(), -time.Second)
	equal(t, client.Expire("a", time.Minute).Val(), true)
	if left := client.PTTL("a").Val(); left <= 0 || left > time.Minute {
		t.Fatal(left)
	}
	equal(t, client.Persist("a").Val(), true)
	equal(t, client.ExpireAt("a", time.Unix(1, 0)).Val(), true)
	equal(t, client.Exists("a").Val(), false)
}

func TestEveryKeyAndEveryFieldIsMetWhenIterating(t *testing.T) {
	client := connectToEmpty(t)
	fields := map[string]string{}
	for number := 0; number < 600; number++ {
		must(t, client.Set(fmt.Sprint("key:", number), "x", 0).Err())
		fields[fmt.Sprint("field:", number)] = "x"
	}
	must(t, client.HMSet("h", fields).Err())
	equal(t, met(t, client.Scan(0, "key:*", 50).Iterator()), 600)
	equal(t, met(t, client.HScan("h", 0, "field:*", 50).Iterator()), 601) // The value "x" is met as well.
}

// met counts what differs.
func met(t *testing.T, iterator *redis.ScanIterator) int {
	t.Helper()
	seen := map[string]bool{}
	for iterator.Next() {
		seen[iterator.Val()] = true
	}
	must(t, iterator.Err())
	return len(seen)
}

func TestAnyBytesAreAKeyAndAValueAndValuesMayBeBig(t *testing.T) {
	client := connectToEmpty(t)
	var bytes [256]byte
	for byte := range bytes {
		bytes[byte] = uint8(byte)
	}
	key, megabyte := string(bytes[:]), strings.Repeat(string(bytes[:]), 4096)
	must(t, client.Set(key, megabyte, 0).Err())
	equal(t, client.Get(key).Val() == megabyte, true)
	equal(t, client.Keys("*").Val()[0], key)
}

func TestErrorsAreThoseOfTheCommandAlone(t *testing.T) {
	client := connectToEmpty(t)
	must(t, client.HSet("h", "f", "v").Err())
	fails(t, client.Get("h").Err(), "WRONGTYPE ")
	unknown := redis.NewStringCmd("NO.SUCH.COMMAND")
	client.Process(unknown)
	fails(t, unknown.Err(), "unknown command")
	equal(t, client.HGet("h", "f").Val(), "v")
}

func TestAScriptWorksWhereThereAreScriptsAndFailsPlainlyElsewhere(t *testing.T) {
	client := connectToEmpty(t)
	script := redis.NewScript("return KEYS[1]").Run(client, []string{"a"})
	if script.Val() != "a" {
		fails(t, script.Err(), "ERR unknown command 'evalsha'")
	}
}
