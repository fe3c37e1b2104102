"""Random numbers depend on the place in the run alone, and other generators are not touched."""

import itertools
import pickle
import random

import numpy as np
import pytest
import torch

from fcn_plugin.data.seeded_samples import Draw, PlacedSampler, SeededSamples
from fcn_plugin.data.seeds import mix_seed, seed_all, seeded


def draw():
    return random.random(), np.random.random(), torch.rand(1).item()


def test_seeds_of_neighbours_have_nothing_in_common():
    seeds = [mix_seed(0, step, rank) for step in range(100) for rank in range(4)]
    assert len({seed % 2**32 for seed in seeds}) == 400  # what generators of 32 bits keep of them
    assert mix_seed(1, 2) != mix_seed(2, 1)
    assert abs(np.mean([seed / 2**64 for seed in seeds]) - 0.5) < 0.1


def test_all_generators_are_seeded():
    first = [seed_all(7), draw()][1]
    draw()
    assert [seed_all(7), draw()][1] == first
    other = [seed_all(8), draw()][1]
    assert all(a != b for a, b in zip(first, other, strict=True))


def test_other_generators_are_left_as_they_were():
    seed_all(1)
    undisturbed = [draw(), draw()]
    seed_all(1)
    disturbed = [draw()]
    with seeded(5):
        inside = draw()
    disturbed.append(draw())
    assert disturbed == undisturbed
    with seeded(5):
        assert draw() == inside


class Random:
    """Ten samples of a random number each."""

    metainfo = {"classes": ("a",)}

    def __getitem__(self, index):
        assert type(index) is int
        return index, *draw()

    def __len__(self):
        return 10


def samples():
    data = SeededSamples.__new__(SeededSamples)
    data.dataset, data.seed = Random(), 3
    return data


def placed(kind, monkeypatch, rank=0, world_size=1, seed=4):
    for module in ("mmengine.dataset.sampler", "fcn_plugin.data.seeded_samples"):
        monkeypatch.setattr(f"{module}.get_dist_info", lambda: (rank, world_size))
    given = {} if kind == "IndependentDraws" else {"shuffle": True}
    return PlacedSampler(Random(), dict(type=kind, **given), seed)


def take(sampler, count):
    return list(itertools.islice(sampler, count))


ENDLESS = pytest.mark.parametrize("kind", ["InfiniteSampler", "IndependentDraws"])


@ENDLESS
def test_a_sample_depends_on_its_place_alone(monkeypatch, kind):
    data, order = samples(), take(placed(kind, monkeypatch), 25)
    forwards = [data[one] for one in order]
    assert [data[one] for one in reversed(order)] == forwards[::-1]
    assert len({number for _, *numbers in forwards for number in numbers}) == 75  # an image draws others in each epoch
    assert data[pickle.loads(pickle.dumps(order[3]))] == forwards[3]  # as it travels to a worker


@ENDLESS
def test_skipping_comes_to_the_same_places(monkeypatch, kind):
    whole = take(placed(kind, monkeypatch), 30)
    later = placed(kind, monkeypatch)
    later.skip(18)
    rest = take(later, 12)
    assert rest == whole[18:]
    assert [one.place for one in rest] == [one.place for one in whole[18:]]


@ENDLESS
def test_two_processes_draw_what_one_draws(monkeypatch, kind):
    whole = take(placed(kind, monkeypatch), 20)
    shares = [take(placed(kind, monkeypatch, rank, 2), 10) for rank in range(2)]
    for number, one in enumerate(whole):
        other = shares[number % 2][number // 2]
        assert (other, other.place) == (one, one.place)


def test_independent_draws_are_uniform_and_with_replacement(monkeypatch):
    """Of 10 samples, 10 draws miss each with a chance of (9 / 10)^10 = 0.349: what an epoch of a shuffle never does."""
    drawn = take(placed("IndependentDraws", monkeypatch), 10_000)
    counts = np.bincount(drawn, minlength=10)
    assert abs(counts - 1000).max() < 4 * 30  # four standard deviations of a binomial count
    missed = [10 - len(set(drawn[start : start + 10])) for start in range(0, 10_000, 10)]
    assert np.mean(missed) == pytest.approx(3.49, abs=0.15)
    repeats = np.mean(np.diff(drawn) == 0)
    assert repeats == pytest.approx(0.1, abs=0.015)  # the next draw does not know the last
    assert take(placed("IndependentDraws", monkeypatch, seed=5), 20) != drawn[:20]


def test_epochs_of_a_finite_sampler(monkeypatch):
    sampler = placed("DefaultSampler", monkeypatch)
    assert not hasattr(sampler, "skip")
    sampler.set_epoch(2)
    first = list(sampler)
    assert sorted(first) == list(range(10))
    assert [one.place for one in first] == [(2, number) for number in range(10)]
    assert [one.place for one in sampler] == [one.place for one in first]
    sampler.set_epoch(3)
    assert next(iter(sampler)).place == (3, 0)
    assert len(sampler) == 10
    assert sampler.round_up  # what the sampler knows is at hand


def test_attributes_of_the_data_set():
    data = samples()
    assert data.metainfo == {"classes": ("a",)}
    assert len(data) == 10
    assert data[3][0] == 3  # by a plain index: without a seed
    assert not hasattr(data, "datasets")
    assert isinstance(Draw(4, (0, 1)), int)
