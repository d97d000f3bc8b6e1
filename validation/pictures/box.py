"""Draws what ParaView shows of a run in a box: surfaces of equal pigment and the paths of the prongs, off-screen.

Usage: python box.py RUN.h5 STEP OUTPUT.png, with pyvista and VTK 9.6 or newer (pip install pyvista).
"""

import sys

import pyvista as pv
import vtk

LEVELS = ((0.5, "#8fa0b4", 0.25), (5.0, "#4a5866", 0.45), (20.0, "black", 0.9))  # kg/m3, colour, opacity
TO_MM = (1e3, 1e3, -1e3)  # depth downward


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
    plotter.show_bounds(bounds=(-0.4, 0.4, -0.4, 0.4, -0.5, 0.0), grid="back", xtitle="x mm", ytitle="y mm", ztitle="z mm", font_size=9, n_xlabels=3, n_ylabels=3, n_zlabels=3)
    plotter.camera_position = [(0.9, -1.7, 0.45), (0.02, 0.0, -0.23), (0, 0, 1)]
    plotter.screenshot(output)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
