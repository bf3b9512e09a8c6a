"""The models' losses and gradients on a GPU: those of the CPU."""

import numpy as np
import pytest

from tinyxm import nn
from tinyxm.autograd import seed
from tinyxm.data import on_device
from tinyxm.models.audio_image import AudioImage, PictureTower, SoundTower
from tinyxm.models.captioner import Captioner, ConvolutionEncoder, PatchEncoder
from tinyxm.models.deep_correlation import DeepCorrelation
from tinyxm.models.diffusion import Denoiser, Diffusion
from tinyxm.models.fusion import FUSIONS, Fusion
from tinyxm.models.namer import ImageSound, SpokenTower, Voice
from tinyxm.models.recogniser import Recogniser
from tinyxm.models.speaker import Speaker
from tinyxm.models.two_towers import ImageTower, TextTower, TwoTowers
from tinyxm.models.vae import ConditionalVAE
from tinyxm.models.watcher import EarlyFilmEncoder, FilmEncoder, RecurrentFilmEncoder
from tinyxm.models.writer import Ear, Writer
from tinyxm.recipes.workbench import gradient_norms
from tinyxm_kernels import cuda

BAG = np.array([0, 3, 2, 2, 6, 1]), np.array([0, 2, 3, 5]), np.array([0.3, 1, 0.2, 0.9, 0.5, 0.7], np.float32)
CAPTIONS = np.array([[1, 4, 5, 6, 2], [1, 7, 2, 0, 0], [1, 4, 2, 0, 0], [1, 8, 8, 2, 0]])


def normal(*shape):
    return np.random.default_rng(shape).normal(size=shape).astype(np.float32)


def towers(contrast):
    rng = np.random.default_rng(1)
    image, text = ImageTower(3, (8, 16), 16, rng=rng), TextTower(7, 8, 8, 16, rng=rng)
    return TwoTowers(image, text, contrast), (normal(8, 16, 16, 3), BAG, np.eye(4, dtype=bool))


def sound_and_picture():
    rng = np.random.default_rng(1)
    model = AudioImage(SoundTower((8, 8), 8, (4, 8), rng=rng), PictureTower((8, 8), 8, (4,), rng=rng))
    return model, (normal(6, 8, 8, 1), normal(5, 8, 8, 1)[[0, 1, 2, 3, 4, 0]], np.array([0, 1, 2, 0, 1, 3]))


def captioner(encoder):
    return Captioner(encoder, 9, 16, 2, 1, 5, rng=np.random.default_rng(2)), (normal(4, 12, 12, 3), CAPTIONS)


def fusion(name):
    rng = np.random.default_rng(0)
    encoders = [nn.Sequential(nn.Linear(n, 8, rng=rng), nn.ReLU()) for n in (5, 3)]
    present = np.array([[True, True], [True, False], [False, True], [True, True]])
    return Fusion(encoders, FUSIONS[name](2, 8, 3, rng=rng)), ([normal(4, 5), normal(4, 3)], present, np.arange(4) % 3)


def diffusion():
    model = Diffusion(Denoiser(5, 7, 16, 1, np.random.default_rng(0)))
    model.standardise(3 + 2 * normal(20, 5))
    return model, (normal(4, 5), BAG, np.random.default_rng(5))


def vae():
    model = ConditionalVAE((8, 8, 1), 7, 5, (4, 6), rng=np.random.default_rng(0))
    return model, (1 / (1 + np.exp(-normal(4, 8, 8, 1))), BAG, np.random.default_rng(5))


def speaker():
    frames = np.array([[1, 3, 2], [2, 1, 0]])
    phonemes, stresses = np.array([[1, 3, 2], [4, 1, 0]]), np.array([[0, 1, 0], [2, 0, 0]])
    return Speaker(5, 6, 8, 1, rng=np.random.default_rng(0)), (
        phonemes, stresses, np.array([3, 2]), frames, normal(2, 6, 6),
    )  # fmt: skip


def recogniser():
    model = Recogniser(6, 5, 8, 4, rng=np.random.default_rng(0))
    return model, (normal(2, 14, 6), np.array([14, 9]), np.array([[1, 2, 2], [3, 0, 0]]), np.array([3, 1]))


def namer():
    rng = np.random.default_rng(1)
    model = ImageSound(ImageTower(3, (8, 16), 16, rng=rng), SpokenTower(16, 6, 16, 8, rng=rng))
    return model, (normal(8, 16, 16, 3), normal(4, 16, 6), np.eye(4, dtype=bool))


def voice():
    model = Voice(2, 16, 6, 8, 12, 10, rng=np.random.default_rng(0))
    model.usual.data[:] = normal(2, 16, 6)
    return model, (normal(4, 8), normal(4, 16, 6), np.array([0, 1, 1, 0]))


def ear():
    return Ear((16, 8), 5, 12, rng=np.random.default_rng(0)), (normal(4, 16, 8, 1), np.array([0, 3, 4, 1]))


def writer():
    model = Writer((16, 8), 3, frames=5, side=8, dimensions=2, width=16, rng=np.random.default_rng(0))
    films = np.cumsum(np.abs(normal(3, 5, 8, 8, 1)), axis=1)
    films /= films.max()
    return model, (normal(3, 16, 8, 1), films, films[::-1].copy(), np.array([2, 0, 1]), np.random.default_rng(5))


def watcher(encoder):
    return Captioner(encoder, 9, 16, 2, 1, 5, rng=np.random.default_rng(2)), (normal(4, 6, 8, 8, 1), CAPTIONS)


MADE = {
    "two towers, InfoNCE": lambda: towers("info_nce"),
    "two towers, sigmoid": lambda: towers("sigmoid"),
    "sound and picture": sound_and_picture,
    "captioner, convolution": lambda: captioner(ConvolutionEncoder(12, 3, 16, (8, 16), np.random.default_rng(0))),
    "captioner, patches": lambda: captioner(PatchEncoder(12, 3, 16, 4, 1, 2, rng=np.random.default_rng(0))),
    "deep correlation": lambda: (
        DeepCorrelation(5, 4, (8,), 2, rng=np.random.default_rng(0)),
        (normal(30, 5), normal(30, 4)),
    ),
    "diffusion": diffusion,
    "VAE": vae,
    "namer, towers": namer,
    "namer, voice": voice,
    "recogniser": recogniser,
    "speaker": speaker,
    "watcher, early": lambda: watcher(EarlyFilmEncoder(6, 8, 1, 16, (8, 16), np.random.default_rng(0))),
    "watcher, factored": lambda: watcher(FilmEncoder(6, 8, 1, 16, (8, 16), True, np.random.default_rng(0))),
    "watcher, whole": lambda: watcher(FilmEncoder(6, 8, 1, 16, (8, 16), False, np.random.default_rng(0))),
    "watcher, recurrent": lambda: watcher(RecurrentFilmEncoder(6, 8, 1, 16, (8, 16), np.random.default_rng(0))),
    "writer": writer,
    "writer's ear": ear,
    **{f"fusion, {name}": (lambda name=name: fusion(name)) for name in FUSIONS},
}


@pytest.mark.parametrize("name", list(MADE))
def test_a_loss_on_a_gpu_is_that_of_the_cpu(cupy, name):
    losses, found, norms = [], [], []
    for device in ("cpu", "cuda"):
        model, given = MADE[name]()
        model.to(device).train()
        (batch,) = on_device([given], device)
        seed(3)
        loss = model.loss(*batch)
        loss.backward()
        losses.append(loss.item())
        norms.append(gradient_norms(model))
        found.append({key: cuda.move(p.grad, "cpu") for key, p in model.named_parameters() if p.grad is not None})
    assert losses[1] == pytest.approx(losses[0], rel=1e-4)
    assert norms[1] == pytest.approx(norms[0], rel=1e-3)
    assert found[0].keys() == found[1].keys()
    for key, gradient in found[0].items():
        np.testing.assert_allclose(found[1][key], gradient, rtol=1e-3, atol=2e-5, err_msg=key)
