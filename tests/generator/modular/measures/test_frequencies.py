"""Key frequencies in the embeddings and in the logits, and companions."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generator.modular.measures.frequencies import (
    companions,
    embedding_frequencies,
    embedding_power,
    key_frequencies,
    logit_amplitudes,
)
from generator.modular.network.circle import basis
from tests.generator.modular.measures.networks import DOUBLED, attention_clock, engineered


def test_keys_and_doubles_are_told_apart() -> None:
    network = engineered(59, dict.fromkeys(DOUBLED, "pizza"), kappa=0.2)
    keys, embedded = key_frequencies(network.logits()), embedding_frequencies(network)
    assert set(keys) == set(DOUBLED)
    assert embedded == (3, 6, 15, 17, 25, 29)
    assert companions(keys, embedded, 59) == {3: 6, 17: 25, 15: 29}


def test_frequencies_of_separate_tables_and_of_attention() -> None:
    network = attention_clock(59, (17, 24))
    assert embedding_frequencies(network) == (17, 24)
    assert set(key_frequencies(network.logits())) == {17, 24}


def test_frequencies_of_a_network_without_embeddings_are_those_of_its_preactivations() -> None:
    network = engineered(59, {5: "pizza", 8: "clock"})
    whole = basis(59)
    shown = replace(
        network.with_tables(whole, whole),
        into_first=network.into_first @ network.first.T @ whole,
        into_second=network.into_second @ network.second.T @ whole,
    )
    assert embedding_frequencies(shown) == (5, 8)


def test_amplitudes_and_powers_have_their_units() -> None:
    network = engineered(60, {7: "clock", 30: "clock"})
    amplitudes = logit_amplitudes(network.logits())
    assert len(amplitudes) == 30
    assert amplitudes[6] == pytest.approx(1, abs=0.01)
    assert amplitudes[29] == pytest.approx(1, abs=0.03)  # k = p / 2 has no sine
    assert embedding_power(network.first).sum() == pytest.approx(1)
    assert embedding_power(network.first)[[6, 29]].sum() == pytest.approx(1)
