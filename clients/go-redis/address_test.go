package clients

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"gopkg.in/redis.v5"
)

const patience = 10 * time.Second

var password = os.Getenv("CLIENTS_PASSWORD")

// options are those of one of the servers under test: the variable holds its port. See docs/clients.md.
func options(variable string) *redis.Options {
	return &redis.Options{
		Addr:        net.JoinHostPort(os.Getenv("CLIENTS_HOST"), os.Getenv(variable)),
		ReadTimeout: patience,
	}
}

// connect makes a client that lives until the test is over.
func connect(t *testing.T, options *redis.Options) *redis.Client {
	t.Helper()
	client := redis.NewClient(options)
	t.Cleanup(func() { client.Close() })
	return client
}

// connectToEmpty makes a client of a server that holds nothing.
func connectToEmpty(t *testing.T) *redis.Client {
	t.Helper()
	client := connect(t, options("CLIENTS_PORT"))
	must(t, client.FlushAll().Err())
	return client
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func equal(t *testing.T, actual, expected interface{}) {
	t.Helper()
	if actual != expected {
		t.Fatalf("%v, not %v", actual, expected)
	}
}

// until waits for a condition, within patience.
func until(t *testing.T, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
	}
}

// trusting is what a client needs to trust the server.
func trusting(t *testing.T) *tls.Config {
	t.Helper()
	pem, err := os.ReadFile(certificate("authority.pem"))
	must(t, err)
	authorities := x509.NewCertPool()
	equal(t, authorities.AppendCertsFromPEM(pem), true)
	return &tls.Config{RootCAs: authorities, ServerName: "localhost"}
}

// trusted is trusting, and what a client needs to be trusted by the server.
func trusted(t *testing.T) *tls.Config {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(certificate("client.pem"), certificate("client.key"))
	must(t, err)
	config := trusting(t)
	config.Certificates = []tls.Certificate{pair}
	return config
}

func certificate(name string) string {
	return filepath.Join(os.Getenv("CLIENTS_CERTIFICATES"), name)
}
