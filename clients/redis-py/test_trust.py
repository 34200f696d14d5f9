"""Users, passwords, and TLS."""

import pytest
from redis.exceptions import (
    AuthenticationError,
    ConnectionError,
    NoPermissionError,
    ResponseError,
)

from address import (
    GUARDED_TLS_PORT,
    IS_TRUSTED,
    MUTUAL_TLS_PORT,
    ONCE,
    PASSWORD,
    TRUSTS,
    connect,
    guarded,
)

BOTH_PROTOCOLS = pytest.mark.parametrize("protocol", [2, 3])


@BOTH_PROTOCOLS
def test_a_password_alone_is_that_of_the_default_user(protocol):
    with guarded(password=PASSWORD, protocol=protocol) as client:
        assert client.ping()
        assert whoami(client) == "default"


@BOTH_PROTOCOLS
def test_a_user_has_a_name_and_a_password(protocol):
    with guarded(username="application", password=PASSWORD, protocol=protocol) as client:
        assert client.set("a", "1") and client.get("a") == b"1"
        assert whoami(client) == "application"


@BOTH_PROTOCOLS
def test_without_a_password_nothing_is_answered(protocol):
    with guarded(protocol=protocol, retry=ONCE) as client, pytest.raises(AuthenticationError):
        client.get("a")


@BOTH_PROTOCOLS
def test_a_wrong_password_is_refused(protocol):
    with guarded(password="guess", protocol=protocol, retry=ONCE) as client:
        with pytest.raises(AuthenticationError, match="invalid username-password pair"):
            client.ping()


@BOTH_PROTOCOLS
def test_a_user_can_do_no_more_than_is_granted(protocol):
    with guarded(username="reader", password=PASSWORD, protocol=protocol) as client:
        client.get("shared:a")
        with pytest.raises(NoPermissionError, match="'set' command"):
            client.set("shared:a", "1")
        with pytest.raises(NoPermissionError, match="keys"):
            client.get("private:a")
        with pytest.raises(ResponseError):
            client.publish("news", "hello")
        assert client.ping()


def test_a_connection_becomes_another_users():
    with guarded(password=PASSWORD, single_connection_client=True) as client:
        client.set("shared:a", "1")
        assert client.auth(PASSWORD, username="reader")
        with pytest.raises(NoPermissionError):
            client.set("shared:a", "2")
        assert client.get("shared:a") == b"1"


@BOTH_PROTOCOLS
def test_the_server_shows_its_certificate(protocol):
    options = {"port": GUARDED_TLS_PORT, "password": PASSWORD, "protocol": protocol}
    with connect(**options, **TRUSTS) as client:
        assert client.set("secret", b"x" * 1_000_000)
        assert client.get("secret") == b"x" * 1_000_000


def test_a_server_of_an_unknown_authority_is_not_spoken_to():
    with connect(port=GUARDED_TLS_PORT, password=PASSWORD, ssl=True, retry=ONCE) as client:
        with pytest.raises(ConnectionError, match="certificate verify failed"):
            client.ping()


def test_clients_show_their_certificates_where_the_server_asks_for_them():
    with connect(port=MUTUAL_TLS_PORT, **TRUSTS, **IS_TRUSTED) as client:
        assert client.set("a", "1") and client.get("a") == b"1"
    with connect(port=MUTUAL_TLS_PORT, **TRUSTS, retry=ONCE) as client:
        with pytest.raises((ConnectionError, OSError)):
            client.ping()


def whoami(client):
    name = client.acl_whoami()
    return name if isinstance(name, str) else name.decode()
