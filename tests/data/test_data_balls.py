"""Simulated balls are held to mechanics, and to an integrator of small steps."""

import itertools

import numpy as np
import pytest

from tinyxm.data.sources.balls import GRAVITY, QUIET, SIDE, balls, film, impact_sound, simulate


@pytest.fixture(scope="module")
def motion():
    x = np.array([[0.2, 0.3], [0.7, 0.6], [0.4, 0.8]])
    v = np.array([[1.3, 0.4], [-0.9, -0.2], [0.3, 1.1]])
    return simulate(x, v, np.array([0.06, 0.12, 0.09]), 4.0)


def test_energy_is_conserved_between_impacts(motion):
    bounds = np.append(motion.times, 4.0)
    for start, end in itertools.pairwise(bounds):
        energy = motion.energy(np.linspace(start, end, 9)[:-1])
        np.testing.assert_allclose(energy, np.broadcast_to(energy[0], energy.shape), rtol=0, atol=1e-12)


def test_impacts_keep_momentum_and_lose_the_share_that_restitution_says(motion):
    kinds = set()
    for k, (when, ball, other, approach) in enumerate(motion.impacts):
        i, j = int(ball), int(other)
        before_x, before = (a[0] for a in motion.at(np.array([np.nextafter(when, 0)])))
        after = motion.velocities[k + 1]
        kinds.add(j)
        kept = 0.9 if approach > QUIET else 1.0
        lost = (motion.masses * ((before**2).sum(-1) - (after**2).sum(-1)) / 2).sum()
        if j >= 0:
            m, n = motion.masses[i], motion.masses[j]
            np.testing.assert_allclose(m * before[i] + n * before[j], m * after[i] + n * after[j], atol=1e-9)
            distance = np.linalg.norm(before_x[i] - before_x[j])
            assert distance == pytest.approx(motion.radii[i] + motion.radii[j], abs=1e-9)
            reduced = m * n / (m + n)
        else:
            reduced = motion.masses[i]
            axis = 0 if j in (-1, -2) else 1
            assert after[i, axis] == pytest.approx(-kept * before[i, axis], abs=1e-9)
        assert lost == pytest.approx(reduced * approach**2 / 2 * (1 - kept**2), abs=1e-9)
    assert {-1, -2, -3} < kinds
    assert max(kinds) >= 0


def test_all_energy_is_kept_where_nothing_is_lost():
    x = np.array([[0.3, 0.3], [0.7, 0.5]])
    motion = simulate(x, np.array([[1.0, 0.2], [-0.7, 0.9]]), np.array([0.1, 0.08]), 5.0, restitution=1.0)
    energy = motion.energy(np.linspace(0, 4.99, 400)).sum(1)
    assert len(motion.impacts) > 20
    np.testing.assert_allclose(energy, energy[0], rtol=1e-10)


def test_balls_never_overlap_nor_leave_the_box(motion):
    x, _ = motion.at(np.linspace(0, 4, 2000))
    r = motion.radii
    assert (x >= r[:, None] - 1e-9).all()
    assert (x <= SIDE - r[:, None] + 1e-9).all()
    for i in range(3):
        for j in range(i):
            assert (np.linalg.norm(x[:, i] - x[:, j], axis=-1) >= r[i] + r[j] - 1e-9).all()


def test_it_agrees_with_small_steps():
    """Explicit steps of 10 µs, with bounces at the walls: another way to the same second."""
    x, v, r = np.array([0.3, 0.5]), np.array([1.7, 0.6]), 0.08
    motion = simulate(x[None], v[None], np.array([r]), 1.0)
    dt, x, v = 1e-5, x.copy(), v.copy()
    for _ in range(100_000):
        x += v * dt + np.array([0, -GRAVITY]) * dt * dt / 2
        v[1] -= GRAVITY * dt
        for axis in (0, 1):
            if (x[axis] < r and v[axis] < 0) or (x[axis] > 1 - r and v[axis] > 0):
                v[axis] *= -0.9
    (last,), _ = motion.at(np.array([1.0 - 1e-12]))
    assert len(motion.impacts) >= 3
    np.testing.assert_allclose(last[0], x, atol=1e-3)


def test_a_fall_takes_the_time_that_galilei_says():
    motion = simulate(np.array([[0.5, 0.9]]), np.zeros((1, 2)), np.array([0.1]), 1.0)
    when, ball, other, approach = motion.impacts[0]
    assert (ball, other) == (0, -3)
    assert when == pytest.approx(np.sqrt(2 * 0.8 / GRAVITY))
    assert approach == pytest.approx(np.sqrt(2 * 0.8 * GRAVITY))


def test_a_caught_ball_ends_in_a_refusal_not_in_a_loop():
    with pytest.raises(ValueError, match="more than 2000 impacts"):
        simulate(np.array([[0.5, 0.1]]), np.array([[0.0, 1e-7]]), np.array([0.1]), 1.0)
    with pytest.raises(ValueError, match="overlap or lie outside"):
        simulate(np.array([[0.5, 0.5], [0.5, 0.6]]), np.zeros((2, 2)), np.array([0.1, 0.1]), 1.0)


def test_pictures_show_discs_where_the_balls_are(motion):
    frames = film(motion, np.zeros((3, 3)), 10, 5.0, 100)
    x, _ = motion.at(np.arange(10) / 5)
    ink = (255 - frames[..., 0].astype(float)) / 255
    np.testing.assert_allclose(ink.sum((1, 2)) / 100**2, (np.pi * motion.radii**2).sum(), rtol=0.01)
    rows, columns = np.indices((100, 100))
    middle = (motion.radii**2 @ x) / (motion.radii**2).sum()  # the discs' common centre, (x, y) a frame
    for frame, (across, up) in zip(ink, middle, strict=True):
        assert (frame * (columns + 0.5)).sum() / frame.sum() / 100 == pytest.approx(across, abs=0.005)
        assert 1 - (frame * (rows + 0.5)).sum() / frame.sum() / 100 == pytest.approx(up, abs=0.005)


def test_impacts_are_heard_when_they_happen_and_at_their_pitch():
    motion = simulate(np.array([[0.5, 0.9]]), np.zeros((1, 2)), np.array([0.1]), 0.6)
    sound = impact_sound(motion, 0.6, 16_000)[:, 0]
    when = motion.impacts[0, 0]
    assert not sound[: int(when * 16_000)].any()
    assert np.abs(sound[int(when * 16_000) : int(when * 16_000) + 80]).max() > 0.1
    part = sound[int(when * 16_000) + 1 :][:1600]
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part)), 16_000))
    assert spectrum.argmax() == pytest.approx(24.0 / 0.1, abs=3)  # bins of 1 Hz


def test_clips_fit_together_and_depend_on_their_number_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYXM_CACHE", str(tmp_path))
    samples = balls(6, size_pixels=24, seed=1)
    assert samples["video"].shape == (6, 48, 24, 24, 3)
    assert samples["audio"].shape == (6, 32_000, 1)
    assert np.abs(samples["audio"]).max() <= 1
    again = balls(3, size_pixels=24, seed=1, cache=False)
    assert np.array_equal(samples["video"][:3], again["video"])
    assert all(map(np.array_equal, samples["impacts"], again["impacts"]))
    assert samples["text"][:3] == again["text"]
    read = balls(6, size_pixels=24, seed=1)
    assert np.array_equal(read["audio"], samples["audio"])
    assert list(map(len, read["impacts"])) == list(map(len, samples["impacts"]))
    for text, rows in zip(samples["text"], samples["impacts"], strict=True):
        assert text.count("ball") > rows[:, 1].max()
    with pytest.raises(ValueError, match="balls: n 0"):
        balls(0)
