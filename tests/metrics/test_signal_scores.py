"""Scores of sounds, pictures and videos against closed forms and scikit-image."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyxm import metrics


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def wave(q, mels=64):
    return np.cos(np.pi * q * (2 * np.arange(mels) + 1) / (2 * mels))


def test_mel_cepstral_distortion_of_a_slow_wave_is_its_root_mean_square():
    flat = normal(7, 64)
    assert metrics.mel_cepstral_distortion(flat, flat + 6 * wave(3)) == pytest.approx(6 / np.sqrt(2))
    assert metrics.mel_cepstral_distortion(flat, flat + 6 * wave(14)) == pytest.approx(0, abs=1e-9), "above D: pitch"
    assert metrics.mel_cepstral_distortion(flat, flat + 20) == pytest.approx(0, abs=1e-9), "loudness"
    assert metrics.mel_cepstral_distortion(flat, flat + 6 * wave(14), 20) == pytest.approx(6 / np.sqrt(2))


def test_mel_cepstral_distortion_is_kubicheks_of_the_cepstrum_of_amplitudes():
    x, y = normal(5, 40) * 10, normal(5, 40, seed=1) * 10
    c, d = (2 / 40 * (z * np.log(10) / 20) @ np.array([wave(q, 40) for q in range(1, 14)]).T for z in (x, y))
    expected = np.mean(10 / np.log(10) * np.sqrt(2 * np.sum((c - d) ** 2, axis=1)))
    assert metrics.mel_cepstral_distortion(x, y) == pytest.approx(expected)
    assert metrics.mel_cepstral_distortion(x, y, 39) < metrics.log_spectral_distance(x, y)


def test_warping_lets_a_slow_reading_through():
    said = normal(12, 40) * 10
    slow = np.repeat(said, 3, axis=0)
    assert metrics.mel_cepstral_distortion(said, slow, warped=True) == pytest.approx(0, abs=1e-9)
    assert metrics.mel_cepstral_distortion(said, said[::-1], warped=True) > 1
    assert metrics.mel_cepstral_distortion(said, said + wave(2, 40), warped=True) <= 1 / np.sqrt(2) + 1e-9
    with pytest.raises(ValueError, match="12 and 36 frames"):
        metrics.mel_cepstral_distortion(said, slow)


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_the_warping_path_is_the_cheapest_of_all(n, m, seed):
    cost = np.random.default_rng(seed).random((n, m))
    rows, columns = metrics.warping_path(cost)
    steps = set(zip(np.diff(rows).tolist(), np.diff(columns).tolist(), strict=True))
    assert steps <= {(1, 1), (1, 0), (0, 1)}
    assert (rows[0], columns[0], rows[-1], columns[-1]) == (0, 0, n - 1, m - 1)

    def cheapest(i, j):
        before = [cheapest(*at) for at in ((i - 1, j - 1), (i - 1, j), (i, j - 1)) if min(at) >= 0]
        return cost[i, j] + min(before, default=0)

    assert cost[rows, columns].sum() == pytest.approx(cheapest(n - 1, m - 1))


def test_log_spectral_distance_of_a_constant_and_of_a_wave():
    flat = normal(7, 64)
    assert metrics.log_spectral_distance(flat, flat - 3) == pytest.approx(3)
    assert metrics.log_spectral_distance(flat, flat + 4 * wave(30)) == pytest.approx(4 / np.sqrt(2))
    half = flat + np.array([0, 0, 0, 0, 0, 0, 7])[:, None]
    assert metrics.log_spectral_distance(flat, half) == pytest.approx(1), "the mean over frames, not of squares"


def test_si_snr_of_a_tone_in_orthogonal_noise():
    t = 2 * np.pi * np.arange(800) / 800
    tone, noise = np.sin(5 * t), np.cos(5 * t)
    assert metrics.si_snr(tone, 3 * tone + 0.3 * noise + 7) == pytest.approx(20)
    assert metrics.si_snr(tone, tone + noise) == pytest.approx(0)
    assert metrics.si_snr(tone, noise) < -200
    assert metrics.si_snr(tone, -5 * tone) > 200
    assert metrics.si_snr(tone, tone) == np.inf
    assert metrics.si_snr(tone[:, None], np.roll(tone, 40)[:, None]) < 1, "a shift of a quarter of a wave"


def test_psnr_is_that_of_the_mean_squared_error():
    x = np.zeros((4, 5, 3))
    assert metrics.psnr(x, x + 0.1) == pytest.approx(20)
    assert metrics.psnr(255 * x, 255 * (x + 0.1), peak=255) == pytest.approx(20)
    assert metrics.psnr(x, x) == np.inf


def windowed(x, y, peak):
    """The formula of the paper, place by place, for one channel."""
    line = np.exp(-(np.arange(-5, 6) ** 2) / (2 * 1.5**2))
    weights = np.outer(line, line) / line.sum() ** 2
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    values = []
    for i in range(x.shape[0] - 10):
        for j in range(x.shape[1] - 10):
            a, b = x[i : i + 11, j : j + 11], y[i : i + 11, j : j + 11]
            ma, mb = np.sum(weights * a), np.sum(weights * b)
            va, vb = np.sum(weights * (a - ma) ** 2), np.sum(weights * (b - mb) ** 2)
            both = np.sum(weights * (a - ma) * (b - mb))
            values.append((2 * ma * mb + c1) * (2 * both + c2) / ((ma**2 + mb**2 + c1) * (va + vb + c2)))
    return np.mean(values)


def test_ssim_is_the_papers_place_by_place():
    rng = np.random.default_rng(0)
    x, y = rng.random((2, 16, 19))
    assert metrics.ssim(x, y) == pytest.approx(windowed(x, y, 1))
    assert metrics.ssim(x, 0.5 * x + 0.2) == pytest.approx(windowed(x, 0.5 * x + 0.2, 1))
    assert metrics.ssim(255 * x, 255 * y, peak=255) == pytest.approx(metrics.ssim(x, y))
    films = rng.random((2, 3, 12, 12, 2))
    each = [windowed(*films[:, frame, :, :, channel], 1) for frame in range(3) for channel in range(2)]
    assert metrics.ssim(*films) == pytest.approx(np.mean(each))
    assert metrics.ssim(x, x) == pytest.approx(1)
    assert metrics.ssim(x, 1 - x) < 0


@pytest.mark.oracle
def test_ssim_and_psnr_agree_with_scikit_image():
    oracle = pytest.importorskip("skimage.metrics", reason="scikit-image isn't installed")
    rng = np.random.default_rng(1)
    x = rng.random((40, 30, 3))
    for noise in (0.02, 0.3):
        y = np.clip(x + noise * rng.normal(size=x.shape), 0, 1)
        expected = oracle.structural_similarity(
            x, y, data_range=1, channel_axis=-1, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
        )
        assert metrics.ssim(x, y) == pytest.approx(expected, abs=1e-9)
        assert metrics.psnr(x, y) == pytest.approx(oracle.peak_signal_noise_ratio(x, y, data_range=1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: metrics.psnr(np.zeros((2, 2)), np.zeros((2, 3))), r"psnr: reference \(2, 2\) and made \(2, 3\)"),
        (lambda: metrics.psnr(np.zeros(2), np.zeros(2), 0), "peak=0"),
        (lambda: metrics.ssim(np.zeros((8, 20, 1)), np.zeros((8, 20, 1))), "at least 11 pixels a side"),
        (lambda: metrics.ssim(np.zeros(20), np.zeros(20)), "height, width, channels"),
        (lambda: metrics.si_snr(np.ones(9), normal(9)), "si_snr: the reference is constant"),
        (lambda: metrics.si_snr([1.0, np.nan], [1.0, 2.0]), "si_snr: 1 of 2 numbers aren't finite"),
        (lambda: metrics.mel_cepstral_distortion(normal(4, 12), normal(4, 12)), "13 coefficients of 12 bands"),
        (lambda: metrics.log_spectral_distance(normal(4, 12), normal(4, 13)), "the same bands"),
        (lambda: metrics.warping_path(np.zeros((0, 3))), r"warping_path: costs have shape \(0, 3\)"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
