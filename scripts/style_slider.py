"""Write the page that lays two networks' images over each other."""

from advex.files import write_text
from advex.pictures import Picture
from advex.records import recorded
from advex.style_slider import slider_html

with recorded(snakemake):
    page = slider_html(snakemake.input.template, snakemake.params.study, Picture.read(snakemake.input.images))
    write_text(snakemake.output.page, page)
