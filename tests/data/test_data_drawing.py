import io

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from tinyxm.data.drawing import to_pyplot


def test_pyplot_shows_the_figure_it_was_handed_and_not_the_one_it_made():
    plt.close("all")
    figure = Figure((2.0, 1.0), facecolor="red")
    to_pyplot(figure)
    assert [plt.figure(number) for number in plt.get_fignums()] == [figure]
    png = io.BytesIO()
    plt.savefig(png, dpi=50)
    png.seek(0)
    shown = plt.imread(png)
    assert shown.shape[:2] == (50, 100)
    np.testing.assert_array_equal(shown[0, 0, :3], [1, 0, 0])
    plt.close("all")
    assert not plt.get_fignums()
