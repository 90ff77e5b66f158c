"""Certificates and the token: who may read what is sent."""

import os
import pathlib
import tempfile

from authority import Authority
from driver import event
from server import Stall, answers, context
from test_events import Case, names

EX_CONFIG = 78


class Certificates(Case):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.authority = Authority(pathlib.Path(folder.name))
        cls.authority.issue("good")
        cls.authority.issue("client")
        cls.authority.issue("wrong", names="DNS:example.org, IP:127.0.0.1")
        cls.authority.issue("expired", days=(-10, -1))
        cls.authority.issue("early", days=(1, 10))
        cls.authority.make("self", "/CN=self", section="authority", names="DNS:localhost")
        cls.authority.make("leaf", "/CN=localhost")

    def serve_tls(self, name, **options):
        path = self.authority.path
        self.server = self.serve(context=context(path(name), path(name, "key"), **options))
        return self.server

    def token(self, mode=0o600, text="s3cret.Token~+/=\n"):
        path = self.scratch / "token"
        path.write_text(text)
        path.chmod(mode)
        return path

    def drive_once(self, **options):
        options.setdefault("token", self.token())
        driver = self.drive(**options)
        driver.add(event(1))
        done = driver.flush(1)
        return done, self.close(driver)

    def test_good(self):
        self.serve_tls("good")
        done, _ = self.drive_once(ca=self.authority.path("authority"))
        self.assertTrue(done)
        self.assertEqual(self.server.events(), names(1))
        (request,) = self.server.requests
        self.assertEqual(request.headers["Authorization"], "Bearer s3cret.Token~+/=")

    def test_self_signed_that_is_said_to_be_good(self):
        self.serve_tls("leaf")
        done, _ = self.drive_once(ca=self.authority.path("leaf"))
        self.assertTrue(done)

    def test_bad(self):
        """Nothing reaches the server but a handshake."""
        cases = {
            "wrong": "authority",
            "expired": "authority",
            "early": "authority",
            "leaf": "authority",
            "good": "self",
        }
        for name, authority in cases.items():
            with self.subTest(name=name):
                self.state = self.scratch / name
                self.state.mkdir()
                self.serve_tls(name)
                done, said = self.drive_once(ca=self.authority.path(authority))
                self.assertFalse(done)
                self.assertIn("certificate", said)
                self.assertEqual(self.server.requests, [])

    def test_unknown_to_the_system(self):
        self.serve_tls("good")
        done, said = self.drive_once()
        self.assertFalse(done)
        self.assertEqual(self.server.requests, [])

    def test_our_own(self):
        authority = self.authority.path("authority")
        self.serve_tls("good", client_authority=authority)
        done, _ = self.drive_once(
            ca=authority,
            certificate=self.authority.path("client"),
            key=self.authority.path("client", "key"),
        )
        self.assertTrue(done)
        self.state = self.scratch / "without"
        self.state.mkdir()
        self.serve_tls("good", client_authority=authority)
        done, _ = self.drive_once(ca=authority)
        self.assertFalse(done)
        self.assertEqual(self.server.requests, [])

    def test_a_redirect_gets_nothing(self):
        path = self.authority.path
        for status in 301, 302, 303, 307, 308:
            with self.subTest(status=status):
                self.state = self.scratch / str(status)
                self.state.mkdir()
                target, plain = self.serve_tls("good"), self.serve()
                self.serve_tls("good")
                self.server.behave(
                    "/events",
                    answers(status, headers=[("Location", target.url + "/events")]),
                    answers(status, headers=[("Location", plain.url + "/events")]),
                )
                done, _ = self.drive_once(ca=path("authority"))
                self.assertEqual(target.requests + plain.requests, [])
                self.assertNotEqual(self.server.requests, [])

    def test_a_token_over_http_is_refused_at_the_start(self):
        for url in self.server.url, self.server.url.replace("http", "HTTP"):
            driver = self.drive(url, token=self.token())
            status, said = driver.close()
            self.assertEqual(status, EX_CONFIG)
            self.assertIn("a token is sent by https:// only", said)
        self.assertEqual(self.server.requests, [])

    def test_a_token_that_others_can_read(self):
        self.serve_tls("good")
        for mode, good in (0o400, 1), (0o440, 1), (0o604, 0), (0o602, 0), (0o601, 0), (0o644, 0):
            driver = self.drive(token=self.token(mode))
            status, said = driver.close()
            self.assertEqual(status, 0 if good else EX_CONFIG, oct(mode))
            self.assertNotIn("s3cret", said)

    def test_what_is_no_token(self):
        self.serve_tls("good")
        for text in "", "\n", "two words", "two\nlines\n", "a\r\nX-Other: b", "\xfc", "a" * 4097, "a\0":
            driver = self.drive(token=self.token(text=text))
            status, said = driver.close()
            self.assertEqual(status, EX_CONFIG, repr(text))
            self.assertIn("not a token", said)

    def test_no_regular_file(self):
        self.serve_tls("good")
        os.mkfifo(self.scratch / "fifo", 0o600)
        for path in self.scratch / "fifo", self.scratch, self.scratch / "none":
            status, _ = self.drive(token=path).close()
            self.assertEqual(status, EX_CONFIG)


class Addresses(Case):
    def test_what_is_no_address(self):
        for url in (
            "localhost:80", "ftp://localhost", "file:///etc/passwd", "http://", "",
            "http://user@localhost", "http://u:p@localhost", "http://localhost/?a=b",
            "http://localhost/#a", "https://localhost:99999", "http://local host", "unix:/x",
        ):  # fmt: skip
            with self.subTest(url=url):
                status, _ = self.drive(url).close()
                self.assertEqual(status, EX_CONFIG)

    def test_twice(self):
        status, said = self.drive("http://localhost/a", "http://localhost/a/").close()
        self.assertEqual((status, "given twice" in said), (EX_CONFIG, True))

    def test_a_proxy_of_the_environment_isnt_asked(self):
        stall = Stall()
        self.addCleanup(stall.release)
        driver = self.drive()  # with http_proxy set to where nobody is
        driver.add(event(1))
        driver.flush_all()
        self.close(driver)
