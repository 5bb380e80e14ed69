"""Findings of published claims, audited once for all tests of this folder."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from symasym.claims.audit import audit_claim
from symasym.claims.finding import Finding
from symasym.claims.reading import published, published_names
from symasym.claims.stored import stored

NAMES = published_names()


@cache
def finding(name: str) -> Finding:
    found = audit_claim(published(name))
    return replace(found, simulation=stored(found.claim))
