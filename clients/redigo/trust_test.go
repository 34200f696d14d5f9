package clients

import (
	"strings"
	"testing"

	"github.com/gomodule/redigo/redis"
)

func fails(t *testing.T, err error, with string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), with) {
		t.Fatalf("%v, not %s", err, with)
	}
}

func TestAPasswordAloneIsThatOfTheDefaultUser(t *testing.T) {
	connection := connectTo(t, "CLIENTS_GUARDED_PORT", redis.DialPassword(password))
	if name, err := redis.String(connection.Do("ACL", "WHOAMI")); name != "default" {
		t.Fatal(name, err)
	}
}

func TestAUserHasANameAndAPassword(t *testing.T) {
	user := []redis.DialOption{redis.DialUsername("application"), redis.DialPassword(password)}
	connection := connectTo(t, "CLIENTS_GUARDED_PORT", user...)
	if name, err := redis.String(connection.Do("ACL", "WHOAMI")); name != "application" {
		t.Fatal(name, err)
	}
}

func TestWhoeverIsNotKnownIsRefused(t *testing.T) {
	_, err := connectTo(t, "CLIENTS_GUARDED_PORT").Do("GET", "a")
	fails(t, err, "NOAUTH")
	_, err = dial("CLIENTS_GUARDED_PORT", redis.DialPassword("guess"))
	fails(t, err, "WRONGPASS")
}

func TestAUserCanDoNoMoreThanIsGranted(t *testing.T) {
	user := []redis.DialOption{redis.DialUsername("reader"), redis.DialPassword(password)}
	connection := connectTo(t, "CLIENTS_GUARDED_PORT", user...)
	ask(t, connection, "GET", "shared:a")
	_, err := connection.Do("SET", "shared:a", "1")
	fails(t, err, "NOPERM")
	_, err = connection.Do("GET", "private:a")
	fails(t, err, "NOPERM")
}

func TestBigValuesPassThroughTLS(t *testing.T) {
	options := []redis.DialOption{redis.DialUseTLS(true), redis.DialTLSConfig(trusting(t)), redis.DialPassword(password)}
	connection := connectTo(t, "CLIENTS_GUARDED_TLS_PORT", options...)
	megabyte := strings.Repeat("x", 1_000_000)
	ask(t, connection, "SET", "secret", megabyte)
	if value, err := redis.String(connection.Do("GET", "secret")); value != megabyte {
		t.Fatal(len(value), err)
	}
}

func TestAServerOfAnUnknownAuthorityIsNotSpokenTo(t *testing.T) {
	_, err := dial("CLIENTS_GUARDED_TLS_PORT", redis.DialUseTLS(true))
	fails(t, err, "unknown authority")
}

func TestClientsShowTheirCertificatesWhereTheServerAsksForThem(t *testing.T) {
	useTLS := redis.DialUseTLS(true)
	ask(t, connectTo(t, "CLIENTS_MUTUAL_TLS_PORT", useTLS, redis.DialTLSConfig(trusted(t))), "PING")
	connection, err := dial("CLIENTS_MUTUAL_TLS_PORT", useTLS, redis.DialTLSConfig(trusting(t)))
	if err == nil {
		_, err = connection.Do("PING")
	}
	if err == nil {
		t.Fatal("spoken to without a certificate")
	}
}
