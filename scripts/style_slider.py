"""Write the page that lays two networks' images over each other."""

from advex.common.files import write_text
from advex.common.pictures import Picture
from advex.discussion.nakano.style_slider import slider_html
from advex.records.records import recorded

with recorded(snakemake):
    page = slider_html(snakemake.input.template, snakemake.params.study, Picture.read(snakemake.input.images))
    write_text(snakemake.output.page, page)
