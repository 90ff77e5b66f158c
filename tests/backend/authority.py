"""Certificates by openssl, good ones and others."""

import subprocess
import time

EXTENSIONS = """
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical, CA:FALSE
subjectAltName = {names}
"""


def openssl(folder, *arguments):
    subprocess.run(
        ["openssl", *arguments], cwd=folder, check=True, capture_output=True, timeout=60
    )


def utc(seconds):
    return time.strftime("%Y%m%d%H%M%SZ", time.gmtime(seconds))


class Authority:
    """Its files are NAME.pem and NAME.key in a folder."""

    def __init__(self, folder, name="authority"):
        self.folder, self.name = folder, name
        self.make(name, f"/CN={name}", section="authority")

    def path(self, name, kind="pem"):
        return str(self.folder / f"{name}.{kind}")

    def make(self, name, subject, section="leaf", names="DNS:localhost", days=(-1, 1), sign=None):
        (self.folder / "extensions").write_text(EXTENSIONS.format(names=names))
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        openssl(
            self.folder, "req", *key, "-keyout", f"{name}.key", "-out", f"{name}.csr",
            "-subj", subject,
        )  # fmt: skip
        signer = sign or name
        (self.folder / f"{signer}.index").touch()
        config = self.folder / "config"
        config.write_text(
            f"[ca]\ndefault_ca = ca\n[ca]\ndatabase = {signer}.index\nnew_certs_dir = .\n"
            "default_md = sha256\npolicy = any\nrand_serial = yes\nunique_subject = no\n"
            "[any]\ncommonName = supplied\n"
        )
        begin, end = (utc(time.time() + 86400 * day) for day in days)
        issuer = ["-selfsign"] if sign is None else ["-cert", f"{sign}.pem"]
        openssl(
            self.folder, "ca", "-batch", "-notext", "-config", "config", *issuer,
            "-keyfile", f"{signer}.key", "-in", f"{name}.csr", "-out", f"{name}.pem",
            "-startdate", begin, "-enddate", end, "-extfile", "extensions",
            "-extensions", section,
        )  # fmt: skip

    def issue(self, name, **options):
        self.make(name, f"/CN={name}", sign=self.name, **options)
