"""Fetches the npm packages that carry the real bytecode into a folder that git ignores.

Nothing of them is vendored: each is taken from the registry by npm's own client, held against the
digest below, and unpacked. `python -m tests.oracle.packages` fetches what is not there yet; where
something cannot be had it says so in one line and exits with 1.
"""

from __future__ import annotations

import base64
import hashlib
import platform
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

CACHE = Path(__file__).resolve().parents[2] / ".oracle_cache"
FETCH_SECONDS_MAX = 300
BARE_FIELDS = frozenset({"npm", "code", "syscall", "errno", "address", "port"})


class MissingError(Exception):
    """Something that the oracle needs and cannot have; the text is one line."""


@dataclass(frozen=True, slots=True)
class Package:
    """One package of npm: its name, version, and the digest of its archive."""

    name: str
    version: str
    sha512: str

    @property
    def spec(self) -> str:
        return f"{self.name}@{self.version}"

    @property
    def archive(self) -> str:
        return f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}.tgz"

    @property
    def folder(self) -> Path:
        return CACHE / "node_modules" / self.name

    @property
    def mark(self) -> Path:
        """Written last, so that a folder with it is whole."""
        return CACHE / f"{self.archive}.unpacked"


AAVE = Package(
    "@aave/core-v3",
    "1.19.3",
    "Xr7+VcoU5b4mPwM4IUCnskw3lciwrnL4Xloyad8GOddYeixnri2lZYobNmErm1LwE50vqjI0O+9QGNKY2TDkeQ==",
)
MORPHO = Package(
    "@morpho-org/morpho-blue-bundlers",
    "1.1.2",
    "LdxnmFXZKS0kqr6BbFD3tGh0ECuNBT8N5iKrMs9ijstbs4t9pa+pEMd4msX5PVNCWAx377eJQ+SGNgnGjnJqug==",
)
MATH_UTILS = Package(
    "@aave/math-utils",
    "1.38.0",
    "Zeq2Dpflb5zst3OZKHA7UMVI4wcfpxbxA8tXZyVTmw313Q7oF1oOctrEF3JnfyjcyusmU91qdJRrCAXQrQtyXA==",
)
BIG_NUMBER = Package(
    "bignumber.js",
    "9.3.1",
    "Ko0uX15oIUS7wJ3Rb30Fs6SkVbLmPBAKdlm7q9+ak9bbIeFf0MwuBsQV6z7+X768/cHsfg+WlysDWJcmthjsjQ==",
)
TSLIB = Package(
    "tslib",
    "2.8.1",
    "oJFu94HQb+KVduSUQL7wnpmqnfmLsOA/nAh6b6EH0wCEoK0/mPeXU6c3wKDV83MkOuHPRHtSXKKU99IBazS/2w==",
)
# A node for this machine: `@foundry-rs/anvil` itself only chooses among these.
ANVILS = {
    ("Linux", "x86_64"): Package(
        "@foundry-rs/anvil-linux-amd64",
        "1.7.1",
        "+XmShybEaxfCrr0OUUZwYEy2OnYZt5pHH9TzBtLv3+VrK0O/ANuNSVEahqNhKHlgX7GRJ59383ofNhxkRWIYTg==",
    ),
}
ANVIL = ANVILS.get((platform.system(), platform.machine()))
# Of this one the bytecode of Multicall3 alone is wanted.
VIEM = Package(
    "viem",
    "2.57.20",
    "LSvREzKT7xFXpmxW2YFJ/OtcZRkSGLp5zywSgadBf0qQCeqh2+FxHHWyrS2zEG7ZfBWQQvk8HI1i4HPzSMD14g==",
)
ALL = (AAVE, MORPHO, MATH_UTILS, BIG_NUMBER, TSLIB, VIEM, *([ANVIL] if ANVIL else []))


def fetch() -> None:
    """Fetch and unpack what is not there yet.

    Raises:
        MissingError: npm, node or a package cannot be had, or an archive is not the one known here.
    """
    absent = [package for package in ALL if not package.mark.exists()]
    for program in ("npm", "node"):
        run(program, "--version")
    if not absent:
        return
    CACHE.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=CACHE) as place:
        run("npm", "pack", "--ignore-scripts", "--pack-destination", place, *specs(absent))
        for package in absent:
            unpack(package, Path(place) / package.archive)


def specs(packages: list[Package]) -> list[str]:
    return [package.spec for package in packages]


def run(program: str, *words: str) -> str:
    """Run a program in the cache, or where that is not there yet, beside it."""
    place = CACHE if CACHE.is_dir() else CACHE.parent
    try:
        done = subprocess.run(
            [program, *words],
            cwd=place,
            capture_output=True,
            text=True,
            check=False,
            timeout=FETCH_SECONDS_MAX,
        )
    except FileNotFoundError:
        raise MissingError(f"the program {program} is not installed") from None
    except subprocess.TimeoutExpired:
        raise MissingError(f"{program} gave no answer in {FETCH_SECONDS_MAX} s") from None
    if done.returncode:
        wanted = ", ".join(word for word in words if "@" in word) or program
        raise MissingError(f"{wanted} cannot be had: {reason(done.stderr)}")
    return done.stdout


def reason(complaint: str) -> str:
    """The first line of npm's complaint that is a sentence."""
    lines = [line.removeprefix("npm error ").strip() for line in complaint.splitlines()]
    telling = [line for line in lines if line and line.split()[0] not in BARE_FIELDS]
    return telling[0] if telling else "no reason given"


def unpack(package: Package, archive: Path) -> None:
    if not archive.is_file():
        raise MissingError(f"{package.spec} cannot be had: npm wrote no {package.archive}")
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if digest != package.sha512:
        raise MissingError(f"{package.spec} is not the archive known here: its sha512 is {digest}")
    with tarfile.open(archive) as content:
        for member in content.getmembers():
            # All that npm packs stands below one folder, which some authors name otherwise.
            member.name = member.name.partition("/")[2]
            if member.name:
                content.extract(member, package.folder, filter="data")
    package.mark.touch()


if __name__ == "__main__":
    try:
        fetch()
    except MissingError as absence:
        sys.exit(f"oracle: {absence}")
    if ANVIL is None:
        machine = f"{platform.system()} {platform.machine()}"
        print(f"oracle: no anvil for {machine}: imports are left out", file=sys.stderr)
