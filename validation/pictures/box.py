"""Draws what ParaView shows of a run in a box: surfaces of equal pigment and the paths of the prongs, off-screen.

Usage: python box.py RUN.h5 STEP OUTPUT.png, with pyvista and VTK 9.6 or newer (pip install pyvista).
"""

import sys

import pyvista as pv
import vtk

LEVELS = ((0.5, "#8fa0b4", 0.25), (5.0, "#4a5866", 0.45), (20.0, "black", 0.9))  # kg/m3, colour, opacity
TO_MM = (1e3, 1e3, -1e3)  # depth downward


SIDE, DEEP = 0.4, 0.5  # of the box that is drawn, from its middle and down [mm]


def scale() -> list[tuple[tuple[float, float, float], str]]:
    """Places of the labels along three edges, and what they say; they face the eye."""
    along_x = [((x, -SIDE - 0.03, -DEEP - 0.05), f"{x:g}" if x else "x = 0 mm") for x in (-SIDE, 0.0, SIDE)]
    along_y = [((SIDE + 0.05, y, -DEEP), f"{y:g}" if y else "y = 0 mm") for y in (0.0, SIDE)]
    down = [((-SIDE - 0.18, -SIDE, -z), f"z = {z:g} mm" if z == DEEP else f"{z:g}") for z in (0.0, 0.25, DEEP)]
    return along_x + along_y + down


def main(run: str, step: int, output: str) -> None:
    reader = vtk.vtkHDFReader()
    reader.SetFileName(run)
    reader.UpdateInformation()
    reader.SetStep(step)
    reader.Update()
    blocks = pv.wrap(reader.GetOutputDataObject(0))
    tissue, needle = blocks["tissue"].cell_data_to_point_data(), blocks["needle"]
    plotter = pv.Plotter(off_screen=True, window_size=(900, 640))
    for level, colour, opacity in LEVELS:
        surface = tissue.contour([level], scalars="pigment").scale(TO_MM)
        if surface.n_points:
            plotter.add_mesh(surface, color=colour, opacity=opacity)
    plotter.add_mesh(needle.scale(TO_MM).tube(radius=0.003), color="#c03020")
    plotter.add_mesh(pv.Plane(center=(0, 0, 0), direction=(0, 0, 1), i_size=0.8, j_size=0.8), color="#e8c9a8", opacity=0.35)
    plotter.add_mesh(pv.Box(bounds=(-SIDE, SIDE, -SIDE, SIDE, -DEEP, 0.0)), style="wireframe", color="#777777", line_width=1)
    for place, text in scale():
        plotter.add_point_labels([place], [text], font_size=17, text_color="black", show_points=False, shape=None, always_visible=True)
    plotter.camera_position = [(0.95, -1.75, 0.4), (0.0, 0.0, -0.29), (0, 0, 1)]
    plotter.screenshot(output)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
