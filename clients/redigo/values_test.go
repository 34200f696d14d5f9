package clients

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/gomodule/redigo/redis"
)

func TestAConnectionHasItsNameAndItsDatabase(t *testing.T) {
	connection := connect(t, redis.DialClientName("checkout"), redis.DialDatabase(4))
	if name, err := redis.String(connection.Do("CLIENT", "GETNAME")); name != "checkout" {
		t.Fatal(name, err)
	}
	about, err := redis.String(connection.Do("CLIENT", "INFO"))
	if !strings.Contains(about, " name=checkout ") || !strings.Contains(about, " db=4 ") {
		t.Fatal(about, err)
	}
}

func TestDatabasesAreApart(t *testing.T) {
	first, second := connectToEmpty(t), connect(t, redis.DialDatabase(9))
	ask(t, first, "SET", "a", 1)
	if value := ask(t, second, "GET", "a"); value != nil {
		t.Fatal(value)
	}
}

func TestAnAddressCanBeAURL(t *testing.T) {
	connection, err := redis.DialURL("redis://" + address("CLIENTS_PORT") + "/3")
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	ask(t, connection, "PING")
}

func TestRepliesHaveTheTypesOfGo(t *testing.T) {
	connection := connectToEmpty(t)
	expect := func(expected, reply interface{}, err error) {
		t.Helper()
		if err != nil || !reflect.DeepEqual(expected, reply) {
			t.Fatalf("%v, not %v (%v)", reply, expected, err)
		}
	}
	text, err := redis.String(connection.Do("SET", "a", "1", "EX", 100))
	expect("OK", text, err)
	remaining, err := redis.Int64(connection.Do("TTL", "a"))
	expect(true, 0 < remaining && remaining <= 100, err)
	_, err = redis.String(connection.Do("SET", "a", "2", "NX"))
	expect(redis.ErrNil, err, nil)
	number, err := redis.Int(connection.Do("INCRBY", "a", 41))
	expect(42, number, err)
	fraction, err := redis.Float64(connection.Do("INCRBYFLOAT", "a", "0.5"))
	expect(42.5, fraction, err)
	exists, err := redis.Bool(connection.Do("EXISTS", "a"))
	expect(true, exists, err)
	ask(t, connection, "MSET", redis.Args{}.AddFlat(map[string]string{"b": "2", "c": "3"})...)
	texts, err := redis.Strings(connection.Do("MGET", "b", "c", "d"))
	expect([]string{"2", "3", ""}, texts, err)
	before, err := redis.String(connection.Do("GETDEL", "b"))
	expect("2", before, err)
}

func TestAStructIsAHash(t *testing.T) {
	type person struct {
		Name string `redis:"name"`
		Age  int    `redis:"age"`
	}
	connection := connectToEmpty(t)
	ada := person{"Ada", 36}
	ask(t, connection, "HSET", redis.Args{"h"}.AddFlat(ada)...)
	fields, err := redis.Values(connection.Do("HGETALL", "h"))
	if err != nil {
		t.Fatal(err)
	}
	var read person
	if err := redis.ScanStruct(fields, &read); err != nil || read != ada {
		t.Fatal(read, err)
	}
	all, err := redis.StringMap(connection.Do("HGETALL", "h"))
	if err != nil || all["age"] != "36" {
		t.Fatal(all, err)
	}
}

func TestEveryKeyIsMetWhenIterating(t *testing.T) {
	connection := connectToEmpty(t)
	for number := 0; number < 500; number++ {
		ask(t, connection, "SET", fmt.Sprint("key:", number), "x")
	}
	met := map[string]bool{}
	for cursor := "0"; ; {
		page, err := redis.Values(connection.Do("SCAN", cursor, "MATCH", "key:*", "COUNT", 50))
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		if _, err := redis.Scan(page, &cursor, &keys); err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			met[key] = true
		}
		if cursor == "0" {
			break
		}
	}
	if len(met) != 500 {
		t.Fatal(len(met))
	}
}

func TestAnyBytesAreAKeyAndAValueAndValuesMayBeBig(t *testing.T) {
	connection := connectToEmpty(t)
	key := make([]byte, 256)
	for byte := range key {
		key[byte] = uint8(byte)
	}
	megabyte := bytes.Repeat(key, 4096)
	ask(t, connection, "SET", key, megabyte)
	if value, err := redis.Bytes(connection.Do("GET", key)); !bytes.Equal(value, megabyte) {
		t.Fatal(len(value), err)
	}
}

func TestErrorsAreThoseOfTheCommandAlone(t *testing.T) {
	connection := connectToEmpty(t)
	ask(t, connection, "HSET", "h", "f", "v")
	_, err := connection.Do("GET", "h")
	if failure, isError := err.(redis.Error); !isError || !strings.HasPrefix(string(failure), "WRONGTYPE ") {
		t.Fatal(err)
	}
	if _, err := connection.Do("NO.SUCH.COMMAND"); err == nil || !strings.Contains(err.Error(), "unknown command") {
		t.Fatal(err)
	}
	ask(t, connection, "HGET", "h", "f")
}

func TestAScriptWorksWhereThereAreScriptsAndFailsPlainlyElsewhere(t *testing.T) {
	reply, err := redis.String(redis.NewScript(1, "return KEYS[1]").Do(connect(t), "a"))
	failed := err != nil && strings.HasPrefix(err.Error(), "ERR unknown command 'EVALSHA'")
	if reply != "a" && !failed {
		t.Fatal(reply, err)
	}
}
