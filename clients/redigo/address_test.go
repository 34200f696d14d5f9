package clients

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"
)

const patience = 10 * time.Second

// address is that of one of the servers under test: the variable holds its port. See docs/clients.md.
func address(variable string) string {
	return net.JoinHostPort(os.Getenv("CLIENTS_HOST"), os.Getenv(variable))
}

var password = os.Getenv("CLIENTS_PASSWORD")

// connect opens a connection to the server without a password, until the test is over.
func connect(t *testing.T, options ...redis.DialOption) redis.Conn {
	t.Helper()
	return connectTo(t, "CLIENTS_PORT", options...)
}

func connectTo(t *testing.T, variable string, options ...redis.DialOption) redis.Conn {
	t.Helper()
	connection, err := dial(variable, options...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { connection.Close() })
	return connection
}

func dial(variable string, options ...redis.DialOption) (redis.Conn, error) {
	limits := []redis.DialOption{redis.DialReadTimeout(patience), redis.DialWriteTimeout(patience)}
	return redis.Dial("tcp", address(variable), append(limits, options...)...)
}

// connectToEmpty opens a connection to a server that holds nothing.
func connectToEmpty(t *testing.T) redis.Conn {
	t.Helper()
	connection := connect(t)
	ask(t, connection, "FLUSHALL")
	return connection
}

// ask sends a command that has to succeed.
func ask(t *testing.T, connection redis.Conn, command string, arguments ...interface{}) interface{} {
	t.Helper()
	reply, err := connection.Do(command, arguments...)
	if err != nil {
		t.Fatalf("%s %v: %v", command, arguments, err)
	}
	return reply
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
	if err != nil {
		t.Fatal(err)
	}
	authorities := x509.NewCertPool()
	if !authorities.AppendCertsFromPEM(pem) {
		t.Fatal("no authority")
	}
	return &tls.Config{RootCAs: authorities, ServerName: "localhost"}
}

// trusted is trusting, and what a client needs to be trusted by the server.
func trusted(t *testing.T) *tls.Config {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(certificate("client.pem"), certificate("client.key"))
	if err != nil {
		t.Fatal(err)
	}
	config := trusting(t)
	config.Certificates = []tls.Certificate{pair}
	return config
}

func certificate(name string) string {
	return filepath.Join(os.Getenv("CLIENTS_CERTIFICATES"), name)
}
