"""Sounds' features beside librosa's, whose definitions they share: to 1e-5 of the largest value."""

import os
import warnings
import zipfile

import numpy as np
import pytest

from tinyxm.data import audio

RATE = 8000
pytestmark = pytest.mark.oracle


@pytest.fixture(scope="module")
def librosa():
    pytest.importorskip("numba")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of modules that Python will drop, which a reader that isn't used imports
        module = pytest.importorskip("librosa", reason="librosa (extra dev) isn't installed")
        module.feature.mfcc, module.effects.trim, module.griffinlim  # noqa: B018  loads what is imported late
    return module


@pytest.fixture(scope="module", params=["simulated", "recorded"])
def sound(request):
    if request.param == "recorded":
        if not os.environ.get("TINYXM_FSDD"):
            pytest.skip("TINYXM_FSDD doesn't name the recorded digits")
        pytest.importorskip("soundfile", reason="soundfile (extra data) isn't installed")
        with zipfile.ZipFile(os.environ["TINYXM_FSDD"]) as files:
            return audio.mono(audio.decode(files.read("recordings/3_theo_12.wav"))[0]).astype(np.float64)
    phase = 2 * np.pi * np.cumsum(np.linspace(300, 900, 6000)) / RATE
    return 0.3 * np.sin(phase) * np.hanning(6000) + 0.01 * np.random.default_rng(0).normal(size=6000)


def agree(ours, theirs, dtype=np.float64):
    assert ours.dtype == dtype
    assert ours.shape == theirs.T.shape
    np.testing.assert_allclose(ours, theirs.T, rtol=0, atol=1e-5 * np.abs(theirs).max())


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ({}, {"n_fft": 512, "hop_length": 128}),
        (
            {"window_samples": 200, "hop_samples": 80, "fft_samples": 256, "window": "hamming", "power": 1.0},
            {"n_fft": 256, "win_length": 200, "hop_length": 80, "window": "hamming"},
        ),
        ({"edges": "mirror"}, {"n_fft": 512, "hop_length": 128, "pad_mode": "reflect"}),
        (
            {"edges": "none", "window": "blackman"},
            {"n_fft": 512, "hop_length": 128, "center": False, "window": "blackman"},
        ),
    ],
    ids=["default", "longer", "mirror", "none"],
)
def test_spectrogram(librosa, sound, ours, theirs, dtype):
    x = sound.astype(dtype)
    transform = librosa.stft(x, **theirs)
    agree(audio.spectrogram(x, **ours), np.abs(transform) ** ours.get("power", 2.0), dtype)


def test_spectrum_and_its_inverse(librosa, sound):
    theirs = librosa.stft(sound, n_fft=256, hop_length=64)
    y = audio.spectrum(sound, window_samples=256, hop_samples=64)
    np.testing.assert_allclose(y, theirs.T, rtol=0, atol=1e-10)
    y[5:9] *= 1j  # the spectrum of no sound
    back = audio.from_spectrum(y, window_samples=256, hop_samples=64)
    np.testing.assert_allclose(back, librosa.istft(y.T, n_fft=256, hop_length=64), rtol=0, atol=1e-10)


@pytest.mark.parametrize("scale", ["slaney", "htk"])
@pytest.mark.parametrize("unit_area", [True, False])
def test_mel(librosa, sound, scale, unit_area):
    theirs = {"htk": scale == "htk", "norm": "slaney" if unit_area else None, "fmin": 50.0, "fmax": 3800.0}
    ours = {"lowest_hz": 50.0, "highest_hz": 3800.0, "scale": scale, "unit_area": unit_area}
    filters = librosa.filters.mel(sr=RATE, n_fft=512, n_mels=40, dtype=np.float64, **theirs)
    agree(audio.mel_filters(rate_hz=RATE, fft_samples=512, mels=40, **ours), filters)
    f = np.linspace(0, 11_025, 1000)
    np.testing.assert_allclose(audio.hz_to_mel(f, scale), librosa.hz_to_mel(f, htk=theirs["htk"]), atol=1e-9)
    expected = librosa.feature.melspectrogram(y=sound, sr=RATE, n_fft=512, hop_length=128, n_mels=40, **theirs)
    agree(audio.mel(audio.spectrogram(sound), rate_hz=RATE, mels=40, **ours), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_log_mel_mfcc_and_deltas(librosa, sound, dtype):
    x = sound.astype(dtype)
    theirs = {"y": x, "sr": RATE, "n_fft": 512, "hop_length": 128, "n_mels": 64}
    expected = librosa.power_to_db(librosa.feature.melspectrogram(**theirs))
    ours = audio.log_mel(x, rate_hz=RATE)
    agree(ours, expected, dtype)
    coefficients = librosa.feature.mfcc(n_mfcc=20, **theirs)
    agree(audio.mfcc(ours), coefficients, dtype)
    agree(audio.mfcc(ours, lifter=22.0), librosa.feature.mfcc(n_mfcc=20, lifter=22, **theirs), dtype)
    for order in (1, 2):
        agree(audio.deltas(audio.mfcc(ours), order=order), librosa.feature.delta(coefficients, order=order), dtype)


@pytest.mark.parametrize("momentum", [0.0, 0.99])
def test_griffin_lim_from_the_same_phases(librosa, sound, momentum):
    magnitudes = audio.spectrogram(sound, power=1.0)
    theirs = librosa.griffinlim(
        magnitudes.T, n_iter=16, hop_length=128, n_fft=512, momentum=momentum, init=None, length=len(sound)
    )
    ours = audio.griffin_lim(
        magnitudes, iterations=16, momentum=momentum, phases=np.zeros(magnitudes.shape), samples=len(sound)
    )
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * np.abs(theirs).max())
    found = np.abs(librosa.stft(theirs, n_fft=512, hop_length=128)).T
    consistency = np.linalg.norm(magnitudes - found) / np.linalg.norm(magnitudes)
    assert audio.spectral_convergence(magnitudes, ours) == pytest.approx(consistency, abs=1e-5)


def test_trimming(librosa, sound):
    quiet = np.concatenate([np.zeros(3000), sound / np.abs(sound).max(), np.zeros(2000)])
    for top_db in (10, 25, 60):
        _, (start, stop) = librosa.effects.trim(quiet, top_db=top_db, frame_length=256, hop_length=64)
        assert audio.sounding(quiet, rate_hz=RATE, threshold_db=top_db, frame_seconds=0.032) == (start, stop)


def test_rates(librosa):
    x = np.random.default_rng(0).normal(size=3000)
    theirs = librosa.resample(x, orig_sr=8000, target_sr=11_025, res_type="polyphase")
    np.testing.assert_allclose(audio.resample(x, rate_hz=8000, to_hz=11_025), theirs, atol=1e-10)
