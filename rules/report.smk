localrules:
    judge,
    report,


rule judge:
    input:
        tables=from_plan(PLAN.tables),
        published=PUBLISHED,
        claims=of_drawn_sources(CLAIMS),
        template="report/scorecard.html.j2",
        origin=from_plan(PLAN.origin),
    output:
        table="results/{study}/scorecard.csv",
        page="results/{study}/scorecard.html",
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
        figures=from_plan(PLAN.previews),
        scorecard="results/{study}/scorecard.csv",
        origin="results/{study}/datasets/natural/origin.csv",
        captions=of_drawn_sources(CAPTIONS),
        template="report/report.html.j2",
    output:
        page="results/{study}/report.html",
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
        title=from_plan(PLAN.title),
        code=code_of("report.py"),
    message:
        "write the report of {wildcards.study}"
    script:
        "../scripts/report.py"
