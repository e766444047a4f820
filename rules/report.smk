localrules:
    judge,
    report,


rule judge:
    input:
        tables=from_plan(PLAN.tables),
        published=of_drawn_sources(PUBLISHED),
        claims=of_drawn_sources(CLAIMS),
        origin="results/{study}/datasets/natural/origin.csv",
    output:
        table=report(
            "results/{study}/scorecard.csv",
            caption="../report/workflow/scorecard.rst",
            category="Verdicts",
            labels={"table": "scorecard", "study": "{study}"},
        ),
        warnings="results/{study}/warnings.csv",
    log:
        "results/{study}/logs/judge/scorecard.log",
    benchmark:
        "results/{study}/benchmarks/judge/scorecard.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        study="{study}",
        judging=from_plan(PLAN.judging),
        sources=from_plan(PLAN.sources),
        code=code_of("judge.py"),
    message:
        "judge the claims with {wildcards.study}"
    script:
        "../scripts/judge.py"


rule report:
    input:
        figures=from_plan(PLAN.figures),
        tables=from_plan(PLAN.tables),
        published=PUBLISHED,
        claims=of_drawn_sources(CLAIMS),
        scorecard="results/{study}/scorecard.csv",
        warnings="results/{study}/warnings.csv",
        origin="results/{study}/datasets/natural/origin.csv",
        captions=of_drawn_sources(CAPTIONS),
        sources=of_drawn_sources(SOURCES),
        names="report/words.yaml",
        sweeps="report/sweeps.yaml",
        discrepancies="docs/discrepancies.md",
        citation="CITATION.cff",
        page=PAGE,
    output:
        page=report(
            "results/{study}/index.html",
            caption="../report/workflow/page.rst",
            category="Verdicts",
            labels={"table": "page", "study": "{study}"},
        ),
    log:
        "results/{study}/logs/report/report.log",
    benchmark:
        "results/{study}/benchmarks/report/report.tsv"
    conda:
        "../envs/figures.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=10,
    params:
        study="{study}",
        scale=from_plan(PLAN.scale),
        judging=from_plan(PLAN.judging),
        behind=from_plan(PLAN.behind_figures),
        pages=from_plan(PLAN.pages),
        code=code_of("report.py"),
    message:
        "write the page of {wildcards.study}"
    script:
        "../scripts/report.py"
