"""Signatures of presets: detached, Ed25519 over all bytes of the file, 64 bytes in a file beside it, keys as OpenSSL writes them.

    openssl genpkey -algorithm ed25519 -out key.pem
    openssl pkey -in key.pem -pubout -out public.pem
"""

import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from . import _core
from .preset import load_preset
from .writing import check_output, complete_or_absent

Path_ = str | os.PathLike[str]


def signature_path(preset: Path_) -> Path:
    """Where the signature of a preset lies unless said otherwise: NAME.preset.json.sig."""
    return Path(f"{os.fspath(preset)}.sig")


def sign_preset(preset: Path_, key: Path_, signature: Path_ | None = None) -> Path:
    """Signs a preset that passes its checks.

    Parameters
    ----------
    key: private key, PEM without a password.
    signature: file to write, :func:`signature_path` otherwise.

    Raises
    ------
    InputError: a preset that is refused or not in canonical bytes, or a key of another kind. FileError: no such file.
    """
    if str(load_preset(preset)["schema_version"]).startswith("1.0."):
        raise _core.InputError(f"{preset}: is of schema 1.0, whose layout may change; write it anew with `dermaflux preset export`, then sign that")
    target = check_output(signature or signature_path(preset))
    signed = private_key(key).sign(Path(preset).read_bytes())
    with complete_or_absent(target) as part:
        part.write_bytes(signed)
    return target


def verify_preset(preset: Path_, public_key: Path_, signature: Path_ | None = None) -> None:
    """Verifies the signature of a preset over all its bytes.

    Raises
    ------
    InputError: the signature or its length is wrong, or the key is of another kind. FileError: no such file.
    """
    verify_bytes(_bytes(preset), preset, public_key, signature)


def verify_bytes(content: bytes, preset: Path_, public_key: Path_, signature: Path_ | None = None) -> None:
    """:func:`verify_preset` of bytes that were read."""
    beside = signature or signature_path(preset)
    try:
        _key(public_key, private=False).verify(_bytes(beside), content)
    except InvalidSignature:
        why = f"{beside} is not its signature by the key {public_key}; the preset or the signature was altered, or the key is another"
        raise _core.InputError(f"{preset}: refused, bad_signature: {why}") from None


def public_key_bytes(public_key: Path_) -> bytes:
    """The 32 bytes of a public key, as a driver module holds them."""
    return _key(public_key, private=False).public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def private_key(path: Path_) -> Ed25519PrivateKey:
    """The private key of a PEM file. Raises InputError, FileError."""
    return _key(path, private=True)


def _bytes(path: Path_) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise _core.FileError(f"{path}: cannot be read ({error.strerror}); give the path of a file") from None


def _key(path: Path_, *, private: bool) -> Ed25519PrivateKey | Ed25519PublicKey:
    content = _bytes(path)
    kind, what = (Ed25519PrivateKey, "private") if private else (Ed25519PublicKey, "public")
    try:
        key = serialization.load_pem_private_key(content, None) if private else serialization.load_pem_public_key(content)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, kind):
        make = "openssl genpkey -algorithm ed25519 -out key.pem" if private else "openssl pkey -in key.pem -pubout -out public.pem"
        raise _core.InputError(f"{path}: is no {what} Ed25519 key in PEM without a password; make one with `{make}`")
    return key
