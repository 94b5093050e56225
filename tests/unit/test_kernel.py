"""A kernel of Debian's: the package it is in, and what is told where it cannot be had."""
import pytest

from crosspy.acquire import debian
from crosspy.errors import UserError
from crosspy.firmware import kernel


def test_the_kernel_is_what_the_package_depends_on():
    assert kernel.newest("linux-image-arm64\n  Depends: linux-image-6.1.0-50-arm64\n", "linux-image-arm64") == "linux-image-6.1.0-50-arm64"
    assert kernel.newest("linux-image-6.1\n  Depends: kmod\n", "linux-image-6.1") == "linux-image-6.1"


def test_apt_works_for_one_architecture_alone():
    assert kernel.settings("armhf").splitlines() == ['APT::Architecture "armhf";', "#clear APT::Architectures;", 'APT::Architectures { "armhf"; };']


def test_without_debian_it_is_said_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(debian, "entries_here", lambda: [])
    monkeypatch.setattr(debian, "origins_here", lambda: {})
    monkeypatch.setattr(kernel.shutil, "which", lambda name: name)
    with pytest.raises(UserError, match="names no Debian archive.*kernel of your own"):
        kernel.fetch("arm64", "linux-image-arm64", tmp_path / "vmlinuz")
    assert list(tmp_path.iterdir()) == []
