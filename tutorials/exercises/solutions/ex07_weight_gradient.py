"""Exercise 7, solved: all axes but the last are rows; over them, ∂W = xᵀ g."""


def weight_gradient(g, x):
    """∂L/∂W (inputs, outputs) of y = x W, summed over all rows. g (..., outputs) is ∂L/∂y, x (..., inputs)."""
    rows = x.reshape(-1, x.shape[-1])
    return rows.T @ g.reshape(-1, g.shape[-1])
