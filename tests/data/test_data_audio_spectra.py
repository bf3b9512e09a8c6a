"""Spectrograms, mel bands, cepstral coefficients, the way back and masking, against closed forms."""

import os
import zipfile

import numpy as np
import pytest
from matplotlib.figure import Figure

from tinyxm import ops
from tinyxm.data import Record, audio

RATE = 8000


def tone(hz, samples=4000, phase=0.0):
    return np.sin(2 * np.pi * hz * np.arange(samples) / RATE + phase)


def noise(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


@pytest.fixture(scope="module")
def spoken():
    """A recorded digit where there is one, or else three gliding partials (simulated): (samples,), 8000 Hz."""
    if os.environ.get("TINYXM_FSDD"):
        pytest.importorskip("soundfile", reason="soundfile (extra data) isn't installed")
        with zipfile.ZipFile(os.environ["TINYXM_FSDD"]) as files:
            return audio.mono(audio.decode(files.read("recordings/7_jackson_3.wav"))[0])
    phase = 2 * np.pi * np.cumsum(np.linspace(180, 140, 3472)) / RATE
    return sum(np.sin(k * phase) / k for k in (1, 2, 5)).astype(np.float32) * np.float32(0.2)


def test_the_transform_by_its_formula():
    x = noise(40, 2)
    y = audio.spectrum(x, window_samples=8, hop_samples=3, edges="none")
    w = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(8) / 8)
    for i in range(11):
        for k in range(5):
            wave = np.exp(-2j * np.pi * k * np.arange(8) / 8)
            np.testing.assert_allclose(y[i, k], (w[:, None] * x[3 * i : 3 * i + 8] * wave[:, None]).sum(0), atol=1e-12)
    assert y.shape == (11, 5, 2)


def test_it_is_the_operation_s_transform():
    x = noise(300)
    ours = audio.spectrum(x, window_samples=64, hop_samples=16, edges="mirror")
    theirs = ops.stft(x, 64, 16)
    np.testing.assert_array_equal(ours, theirs[..., 0] + 1j * theirs[..., 1])


def test_a_pure_tone_sounds_in_its_bin_alone():
    k, n = 20, 256  # 625 Hz: a whole number of periods in each frame
    magnitudes = audio.spectrogram(0.5 * tone(k * RATE / n), window_samples=n, hop_samples=64, edges="none", power=1)
    w = audio.window_weights("hann", n)
    np.testing.assert_allclose(magnitudes[:, k], 0.5 * w.sum() / 2)  # amplitude · Σw / 2
    np.testing.assert_allclose(magnitudes[:, [k - 1, k + 1]], 0.5 * w.sum() / 4)  # Hann's two neighbours, half of it
    assert np.delete(magnitudes, [k - 1, k, k + 1], axis=1).max() < 1e-10


def test_parseval_in_each_frame():
    x, n = noise(2000), 128
    power = audio.spectrogram(x, window_samples=n, hop_samples=32, window="hamming")
    framed = audio.frames(x, frame_samples=n, hop_samples=32, window="hamming", edges="zeros")
    both = 2 * power.sum(1) - power[:, 0] - power[:, -1]  # bins between the first and the last have a mirror image
    np.testing.assert_allclose(both / n, (framed**2).sum(1))


def test_a_longer_transform_interpolates_the_same_bins():
    x = noise(1000)
    settings = {"window_samples": 64, "hop_samples": 16, "power": 1}
    fine = audio.spectrogram(x, fft_samples=256, **settings)
    np.testing.assert_allclose(fine[:, ::4], audio.spectrogram(x, **settings), atol=1e-12)
    assert fine.shape[1] == 129


@pytest.mark.parametrize("edges", ["zeros", "mirror", "none"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_inverse_gives_the_sound_back(edges, dtype):
    x = noise(1024, 2).astype(dtype)
    settings = {"window_samples": 128, "hop_samples": 32, "edges": edges}
    back = audio.from_spectrum(audio.spectrum(x, **settings), **settings)
    assert back.dtype == dtype
    inner = slice(4, -4) if edges == "none" else slice(None)  # where Hann's weights vanish, little is left to divide by
    np.testing.assert_allclose(back[inner], x[inner], atol=2e-5 if dtype == np.float32 else 1e-12)
    x = x[:1019]  # which isn't a whole number of hops
    back = audio.from_spectrum(audio.spectrum(x, **settings), samples=1019, **settings)
    covered = slice(None) if edges != "none" else slice(4, 992 - 4)
    np.testing.assert_allclose(back[covered], x[covered], atol=2e-5 if dtype == np.float32 else 1e-12)
    assert audio.from_spectrum(audio.spectrum(x, **settings), samples=2000, **settings).shape == (2000, 2)


def test_the_inverse_is_the_nearest_in_the_sense_of_least_squares():
    settings = {"window_samples": 16, "hop_samples": 4, "edges": "none"}
    wanted = noise(6, 9) + 1j * noise(6, 9, seed=1)
    wanted[:, [0, -1]] = wanted[:, [0, -1]].real  # what no real frame has can't be approached
    best = audio.from_spectrum(wanted, **settings)

    def distance(x):
        error = np.abs(audio.spectrum(x, **settings) - wanted) ** 2
        return (2 * error.sum(1) - error[:, 0] - error[:, -1]).sum()

    for seed in range(20):
        assert distance(best) < distance(best + 1e-3 * noise(len(best), seed=seed))


def test_mel_formulas_at_known_values():
    np.testing.assert_allclose(audio.hz_to_mel([0, 500, 1000, 6400], "slaney"), [0, 7.5, 15, 42])
    np.testing.assert_allclose(audio.hz_to_mel([0, 700, 6300], "htk"), [0, 2595 * np.log10(2), 2595])
    assert audio.hz_to_mel(1000.0, "htk") == pytest.approx(1000, abs=0.02)
    f = np.linspace(0, 20_000, 501)
    for scale in ("slaney", "htk"):
        np.testing.assert_allclose(audio.mel_to_hz(audio.hz_to_mel(f, scale), scale), f, atol=1e-9)
        assert (np.diff(audio.hz_to_mel(f, scale)) > 0).all()


def test_each_triangle_has_area_one_or_peak_one():
    settings = {"rate_hz": RATE, "fft_samples": 2**15, "mels": 20, "lowest_hz": 100.0, "highest_hz": 3900.0}
    for scale in ("slaney", "htk"):
        h = audio.mel_filters(scale=scale, **settings)
        np.testing.assert_allclose(h.sum(0) * RATE / 2**15, 1, rtol=1e-3)
        peaks = audio.mel_filters(scale=scale, unit_area=False, **settings)
        np.testing.assert_allclose(peaks.max(0), 1, atol=0.01)
        f = np.arange(2**14 + 1) * RATE / 2**15
        assert not peaks[(f < 100) | (f > 3900)].any()
        # between the first and the last peak the triangles hand over to one another: they sum to 1
        inside = (f > f[peaks[:, 0].argmax()]) & (f < f[peaks[:, -1].argmax()])
        np.testing.assert_allclose(peaks[inside].sum(1), 1, atol=1e-9)


def test_bands_that_hear_nothing_are_told():
    with pytest.warns(UserWarning, match=r"^mel_filters: \d+ of 128 bands lie between two bins of 62\.5 Hz"):
        audio.mel_filters(rate_hz=16_000, fft_samples=256, mels=128)


def test_mel_bands_are_sums_of_bins():
    power = np.abs(noise(5, 129, 2))
    h = audio.mel_filters(rate_hz=RATE, fft_samples=256, mels=12)
    bands = audio.mel(power, rate_hz=RATE, mels=12)
    np.testing.assert_allclose(bands[3, :, 1], h.T @ power[3, :, 1])
    np.testing.assert_allclose(audio.mel(power[..., 0], rate_hz=RATE, mels=12), bands[..., 0])


def test_the_bands_pseudo_inverse():
    h = audio.mel_filters(rate_hz=RATE, fft_samples=256, mels=20)
    smooth = np.abs(noise(6, 20)) @ h.T  # what the pseudo-inverse can give: combinations of the triangles
    bands = audio.mel(smooth, rate_hz=RATE, mels=20)
    np.testing.assert_allclose(audio.from_mel(bands, rate_hz=RATE, fft_samples=256), smooth, atol=1e-10)
    power = audio.spectrogram(noise(2000), window_samples=256, hop_samples=64)
    back = audio.from_mel(audio.mel(power, rate_hz=RATE, mels=20), rate_hz=RATE, fft_samples=256)
    assert back.min() >= 0
    assert back.shape == power.shape


def test_decibels_by_hand():
    power = np.array([[1.0, 10, 0.001], [0, 1e-12, 100]])
    np.testing.assert_allclose(audio.decibels(power, range_db=None), [[0, 10, -30], [-100, -100, 20]], atol=1e-12)
    np.testing.assert_allclose(audio.decibels(power, range_db=40.0), [[0, 10, -20], [-20, -20, 20]], atol=1e-12)
    np.testing.assert_allclose(audio.decibels(power, reference=100.0)[1], [-80, -80, 0], atol=1e-12)
    back = audio.from_decibels(audio.decibels(power, reference=100.0, range_db=None), reference=100.0)
    np.testing.assert_allclose(back, [[1, 10, 0.001], [1e-10, 1e-10, 100]])


def test_log_mel_is_its_three_steps(spoken):
    power = audio.spectrogram(spoken, window_samples=256, hop_samples=80)
    bands = audio.mel(power, rate_hz=RATE, mels=30, highest_hz=3500.0, scale="htk")
    ours = audio.log_mel(
        spoken, rate_hz=RATE, window_samples=256, hop_samples=80, mels=30, highest_hz=3500.0, scale="htk", range_db=60
    )
    np.testing.assert_array_equal(ours, audio.decibels(bands, range_db=60))
    assert ours.dtype == np.float32
    assert ours.max() - ours.min() == pytest.approx(60, abs=1e-3)


def test_cepstral_coefficients_against_scipy_and_of_a_cosine():
    from scipy.fft import dct

    x = noise(7, 40, 2)
    np.testing.assert_allclose(audio.mfcc(x, coefficients=13), dct(x, type=2, norm="ortho", axis=1)[:, :13], atol=1e-12)
    wave = np.cos(np.pi * 3 * (2 * np.arange(40) + 1) / 80)[None]  # a spectrum of three half-waves
    np.testing.assert_allclose(audio.mfcc(wave, coefficients=6), [[0, 0, 0, np.sqrt(20), 0, 0]], atol=1e-12)
    lifted = audio.mfcc(x, coefficients=13, lifter=22) / audio.mfcc(x, coefficients=13)
    np.testing.assert_allclose(lifted[0, 10], 12)  # 1 + 22/2 · sin(π/2)


def test_deltas_of_a_line_a_parabola_and_by_their_sum():
    t = np.arange(20.0)
    line = np.stack([3 * t - 5, np.full(20, 7.0)], axis=1)
    np.testing.assert_allclose(audio.deltas(line, width_frames=5), np.tile([3, 0], (20, 1)), atol=1e-12)
    parabola = (2 * t * t)[:, None]
    np.testing.assert_allclose(audio.deltas(parabola)[4:-4], 4 * t[4:-4, None])
    np.testing.assert_allclose(audio.deltas(parabola, order=2), 4, atol=1e-9)
    x = noise(20, 3, 2)
    n = np.arange(-2, 3)
    expected = sum(k * x[9 + k] for k in n) / (n * n).sum()
    slopes = audio.deltas(x, width_frames=5)
    np.testing.assert_allclose(slopes[9], expected)
    for end, full in ((slopes[:2], 2), (slopes[-2:], -3)):
        np.testing.assert_array_equal(end, np.stack([slopes[full]] * 2))


def test_the_true_phases_are_a_fixed_point():
    x = noise(1024, 2)
    y = audio.spectrum(x, window_samples=128, hop_samples=32)
    settings = {"window_samples": 128, "hop_samples": 32, "phases": np.angle(y), "samples": 1024}
    for iterations in (0, 5):
        np.testing.assert_allclose(audio.griffin_lim(np.abs(y), iterations=iterations, **settings), x, atol=1e-12)


def test_each_round_of_griffin_lim_comes_nearer_and_momentum_sooner(spoken):
    magnitudes = audio.spectrogram(spoken, power=1)
    errors = {
        (momentum, rounds): audio.spectral_convergence(
            magnitudes, audio.griffin_lim(magnitudes, iterations=rounds, momentum=momentum)
        )
        for momentum in (0.0, 0.99)
        for rounds in (0, 1, 2, 4, 8, 16, 32)
    }
    plain = [error for (momentum, _), error in errors.items() if not momentum]
    assert (np.diff(plain) < 0).all(), "Griffin and Lim prove that their error never grows"
    assert errors[0.99, 32] < 0.6 * errors[0.0, 32] < 0.2 * errors[0.0, 0]


def test_a_tone_comes_back_from_its_magnitudes_with_its_pitch_and_loudness():
    x = 0.3 * tone(440, 8000)
    magnitudes = audio.spectrogram(x, power=1, hop_samples=128)
    y = audio.griffin_lim(magnitudes, rng=1)[512:-512]
    assert np.abs(np.fft.rfft(y * np.hanning(len(y)), 8000)).argmax() == pytest.approx(440, abs=2)
    assert audio.rms_dbfs(y) == pytest.approx(audio.rms_dbfs(x), abs=0.5)


def test_griffin_lim_repeats_by_its_seed_and_differs_by_another():
    magnitudes = audio.spectrogram(noise(1000).astype(np.float32), window_samples=64, hop_samples=16, power=1)
    runs = [audio.griffin_lim(magnitudes, window_samples=64, hop_samples=16, iterations=3, rng=r) for r in (5, 5, 6)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert np.abs(runs[0] - runs[2]).max() > 0.1
    assert runs[0].dtype == np.float32


def test_spectral_convergence_by_hand():
    x = noise(1000)
    magnitudes = audio.spectrogram(x, power=1)
    assert audio.spectral_convergence(magnitudes, x) == 0
    assert audio.spectral_convergence(magnitudes, 0.75 * x) == pytest.approx(0.25)


def test_masking_tells_all_that_it_did_and_repeats_it():
    x = noise(30, 100, 40).astype(np.float32)
    kept = x.copy()
    y, record = audio.spec_augment.recorded(x, 7, warp_frames=0)
    ((name, what),) = record.steps
    assert name == "spec_augment"
    assert not what["warp_by"].any()
    changed = np.zeros(x.shape, bool)
    for i in range(30):
        for first, length in zip(what["frame"][i], what["frames"][i], strict=True):
            assert 0 <= first <= first + length <= 100
            assert length <= 20
            changed[i, first : first + length] = True
        for first, length in zip(what["band"][i], what["bands"][i], strict=True):
            assert 0 <= first <= first + length <= 40
            assert length <= 8
            changed[i, :, first : first + length] = True
        np.testing.assert_allclose(y[i][changed[i]], x[i].mean(), rtol=1e-6)
    assert what["frame"].shape == what["bands"].shape == (30, 2)
    np.testing.assert_array_equal(y != x, changed)
    np.testing.assert_array_equal(x, kept)
    np.testing.assert_array_equal(audio.spec_augment(x, 7, warp_frames=0), y)
    for again in (record, Record.from_json(record.to_json())):
        np.testing.assert_array_equal(again.replay(x), y)
    np.testing.assert_array_equal(record[3:5].replay(x[3:5]), y[3:5])
    assert f"frame ({what['frame'][0, 0]} {what['frame'][0, 1]})" in record.told(0)[0]


def test_masks_are_uniform_in_length_and_reach_every_place():
    x = np.zeros((2000, 50, 6), np.float32)
    _, record = audio.spec_augment.recorded(x, 0, longest_frames=9, longest_share=1.0, widest_bands=3)
    what = record.steps[0][1]
    for lengths, most in ((what["frames"], 9), (what["bands"], 3)):
        seen = np.bincount(lengths.ravel(), minlength=most + 1)
        assert len(seen) == most + 1
        expected = 4000 / (most + 1)
        assert ((seen - expected) ** 2 / expected).sum() < 27.9  # χ² of 9 degrees: once in a thousand
    assert set(what["frame"].ravel()) == set(range(51))  # a mask of none may stand behind the last
    assert set((what["frame"] + what["frames"])[what["frames"] > 0]) == set(range(1, 51))


def test_the_share_of_masked_time_is_held():
    record = audio.spec_augment.recorded(np.zeros((50, 30, 8), np.float32), 0, longest_frames=99, longest_share=0.1)[1]
    assert record.steps[0][1]["frames"].max() == 3


def test_time_is_warped_about_one_frame():
    ramp = np.tile(np.arange(61.0)[:, None], (400, 1, 2))
    y, record = audio.spec_augment.recorded(ramp, 0, warp_frames=8, time_masks=0, band_masks=0)
    what = record.steps[0][1]
    for one, frame, shift in zip(y[..., 0], what["warp_at"], what["warp_by"], strict=True):
        np.testing.assert_allclose(one[[0, frame + shift, 60]], [0, frame, 60])
        np.testing.assert_allclose(np.diff(one[: frame + shift + 1]), frame / (frame + shift))
        np.testing.assert_allclose(np.diff(one[frame + shift :]), (60 - frame) / (60 - frame - shift))
    assert set(what["warp_by"]) == set(range(-7, 8))
    assert {8, 52} <= set(what["warp_at"]) <= set(range(8, 53))
    np.testing.assert_array_equal(Record.from_json(record.to_json()).replay(ramp), y)  # without a single mask
    for count in (1, 2, 3, 4):  # too short to be warped by so much
        assert audio.spec_augment(ramp[:3, :count], 0, warp_frames=8).shape == (3, count, 2)


def test_masking_is_seeded_and_alike_for_all_channels():
    x = noise(3, 60, 30, 2)
    one, two = (audio.spec_augment(x, np.random.default_rng(4), value=0) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(audio.spec_augment(x, 5, value=0), one)
    _, record = audio.spec_augment.recorded(x, np.random.default_rng(4), value=0)
    np.testing.assert_array_equal(record.replay(x[..., 0]), one[..., 0])
    assert audio.spec_augment(x[:0], 0).shape == (0, 60, 30, 2)


@pytest.mark.parametrize(
    ("message", "call"),
    [
        (r"^spectrum: 20 samples are too few .* 'none'", lambda: audio.spectrogram(np.ones(20), edges="none")),
        (r"^spectrum: 20 samples are too few .* 'mirror'", lambda: audio.spectrum(np.ones(20), edges="mirror")),
        (r"^spectrum: fft_samples 256: expected an even", lambda: audio.spectrum(np.ones(20), fft_samples=256)),
        (r"^spectrum: fft_samples 9: expected an even", lambda: audio.spectrum(np.ones(20), window_samples=9)),
        (r"^spectrum: hop_samples 0: expected a whole", lambda: audio.spectrum(np.ones(20), hop_samples=0)),
        (r"^spectrum: int64; expected", lambda: audio.spectrum(np.ones(20, int))),
        (r"^mel: \(257,\); expected \(frames, features", lambda: audio.mel(np.ones(257), rate_hz=RATE)),
        (r"^mel: 1 of 2 numbers aren't finite", lambda: audio.mel(np.array([[1, np.inf]]), rate_hz=RATE)),
        (
            r"^mel_filters: lowest_hz 0, highest_hz 5000; expected 0 ≤ lowest < highest ≤ rate_hz/2, which is 4000",
            lambda: audio.mel(np.ones((3, 257)), rate_hz=RATE, highest_hz=5000),
        ),
        (r"^hz_to_mel: scale 'bark': expected slaney or htk", lambda: audio.hz_to_mel(3, "bark")),
        (r"^decibels: the power is negative", lambda: audio.decibels(-np.ones((3, 3)))),
        (r"^decibels: reference 0", lambda: audio.decibels(np.ones((3, 3)), reference=0)),
        (r"^mfcc: 20 coefficients of 8 mel bands", lambda: audio.mfcc(np.ones((3, 8)))),
        (r"^deltas: 3 frames are fewer than width_frames 9", lambda: audio.deltas(np.ones((3, 8)))),
        (r"^deltas: width_frames 4: expected an odd", lambda: audio.deltas(np.ones((9, 8)), width_frames=4)),
        (r"^griffin_lim: the magnitudes are negative", lambda: audio.griffin_lim(-np.ones((3, 257)))),
        (r"^griffin_lim: phases \(3,\); magnitudes", lambda: audio.griffin_lim(np.ones((3, 257)), phases=np.ones(3))),
        (r"^griffin_lim: 999 samples make 8 frames", lambda: audio.griffin_lim(np.ones((3, 257)), samples=999)),
        (r"^from_spectrum: samples 0: expected", lambda: audio.from_spectrum(np.ones((3, 257)), samples=0)),
        (r"^spectral_convergence: the sound makes", lambda: audio.spectral_convergence(np.ones((3, 257)), np.ones(9))),
        (r"^spec_augment: time_masks -1", lambda: audio.spec_augment(np.ones((1, 3, 3)), 0, time_masks=-1)),
        (
            r"^spec_augment: features float64 \(3, 3\); expected floating-point \(n, fr",
            lambda: audio.spec_augment(np.ones((3, 3)), 0),
        ),
        (r"^spec_augment: longest_share 2", lambda: audio.spec_augment(np.ones((1, 3, 3)), 0, longest_share=2)),
    ],
)
def test_wrong_arrays_and_settings(message, call):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_a_sound_shorter_than_a_window_and_a_stereo_sound_go_all_the_way():
    for x in (noise(30), noise(900, 2)):
        bands = audio.log_mel(x, rate_hz=RATE, mels=20)
        assert bands.shape == (1 + len(x) // 128, 20, *x.shape[1:])
        coefficients = audio.mfcc(bands, coefficients=5)
        assert coefficients.shape == (1 + len(x) // 128, 5, *x.shape[1:])
        power = audio.from_mel(audio.from_decibels(bands), rate_hz=RATE, fft_samples=512)
        assert np.isfinite(audio.griffin_lim(np.sqrt(power), samples=len(x), iterations=2)).all()


def test_every_step_draws_itself(tmp_path, spoken):
    power = audio.spectrogram(spoken)
    bands = audio.log_mel(spoken, rate_hz=RATE)
    figures = [
        audio.spectrum.plot(spoken),
        audio.from_spectrum.plot(audio.spectrum(spoken)),
        audio.spectrogram.plot(spoken, rate_hz=RATE, power=1),
        audio.mel.plot(power, rate_hz=RATE, hop_samples=128, highest_hz=3000.0, mels=40),
        audio.from_mel.plot(audio.from_decibels(bands), rate_hz=RATE, fft_samples=512),
        audio.decibels.plot(power),
        audio.from_decibels.plot(bands),
        audio.log_mel.plot(np.stack([spoken, spoken], axis=1), rate_hz=RATE),
        audio.mfcc.plot(bands),
        audio.deltas.plot(bands),
        audio.griffin_lim.plot(np.sqrt(power), iterations=1, rate_hz=RATE),
        audio.spec_augment.plot(np.stack([bands] * 3), 0),
    ]
    for k, figure in enumerate(figures):
        assert isinstance(figure, Figure)
        figure.savefig(tmp_path / f"{k}.png", dpi=40)
