package clients

import (
	"crypto/tls"
	"strings"
	"testing"

	"gopkg.in/redis.v5"
)

func fails(t *testing.T, err error, with string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), with) {
		t.Fatalf("%v, not %s", err, with)
	}
}

func guarded(password string) *redis.Options {
	options := options("CLIENTS_GUARDED_PORT")
	options.Password = password
	return options
}

func TestAPasswordIsThatOfTheDefaultUser(t *testing.T) {
	client := connect(t, guarded(password))
	must(t, client.Set("a", "1", 0).Err())
	fails(t, connect(t, guarded("")).Get("a").Err(), "NOAUTH")
	fails(t, connect(t, guarded("guess")).Get("a").Err(), "WRONGPASS")
}

func TestBigValuesPassThroughTLS(t *testing.T) {
	options := options("CLIENTS_GUARDED_TLS_PORT")
	options.Password = password
	options.TLSConfig = trusting(t)
	client := connect(t, options)
	megabyte := strings.Repeat("x", 1_000_000)
	must(t, client.Set("secret", megabyte, 0).Err())
	equal(t, client.Get("secret").Val() == megabyte, true)
}

func TestClientsShowTheirCertificatesWhereTheServerAsksForThem(t *testing.T) {
	with := func(config *tls.Config) *redis.Client {
		options := options("CLIENTS_MUTUAL_TLS_PORT")
		options.TLSConfig = config
		return connect(t, options)
	}
	must(t, with(trusted(t)).Ping().Err())
	if with(trusting(t)).Ping().Err() == nil {
		t.Fatal("spoken to without a certificate")
	}
}
