"""How the page looks to those who see it otherwise than on a large screen."""

import pytest
from chromium import Opened, launched
from recorded_examples import film

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:playwright", "ignore::ResourceWarning")


@pytest.fixture(scope="module")
def browser():
    with launched() as one:
        yield one


COVERED = """() => {
  scrollTo(0, 500);
  const inHead = (y) => document.elementFromPoint(innerWidth / 2, y)?.closest(".tinyxm-step > header");
  let y = 0;
  while (y < innerHeight && inHead(y)) y++;
  return y / innerHeight;
}"""


@pytest.mark.parametrize(("width", "height"), [(1366, 625), (1024, 700), (1920, 1000)])
def test_what_stays_in_sight_leaves_the_screen_to_the_numbers(browser, tmp_path, width, height):
    viewport = {"width": width, "height": height}
    with Opened(browser, tmp_path, film().encode(), "#weight=0.weight[1,2]", viewport=viewport) as page:
        assert 0.02 < page.page.evaluate(COVERED) < 0.3
