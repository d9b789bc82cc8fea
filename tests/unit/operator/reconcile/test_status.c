// SPDX-License-Identifier: Apache-2.0
/* Every state of the world with what `kubectl wait`, kstatus and people must see. */
#include "operator/reconcile/status.h"

#include "tests/support/test.h"

static const char plain[] = "{\"metadata\":{\"name\":\"prod\",\"namespace\":\"risk\",\"uid\":\"u\","
                            "\"generation\":4},\"spec\":{\"replicas\":3}}";
static const char scaled[] =
    "{\"metadata\":{\"name\":\"prod\",\"namespace\":\"risk\",\"uid\":\"u\",\"generation\":4},"
    "\"spec\":{"
    "\"autoscaling\":{\"enabled\":true,\"minReplicas\":2,\"maxReplicas\":9,\"targetCPU\":70}}}";
static const char suspended[] = "{\"metadata\":{\"name\":\"prod\",\"namespace\":\"risk\",\"uid\":"
                                "\"u\",\"generation\":4},\"spec\":{"
                                "\"suspend\":true}}";

struct world {
    const char *cr;
    enum rx_outcome outcome;
    bool absent; /* no Deployment */
    struct rx_deploy_live deploy;
    int64_t deploy_generation;
};

struct seen {
    struct rx_condition c[RX_C_N];
    char phase[32];
    json_int_t replicas, ready;
};

static struct seen look(struct world world)
{
    struct rx_error err = {0};
    struct seen seen = {0};
    struct rx_rxd rxd;
    rx_auto(json_doc) struct rx_json_doc *doc = NULL;
    rx_auto(build) json_t *status = NULL;
    assert_ok(rx_json_parse(rx_str_of(world.cr), NULL, &doc, &err), &err);
    assert_ok(rx_rxd_read(rx_json_root(doc), &rxd, &err), &err);
    const struct rx_render_in render = {.rxd = &rxd};
    const struct rx_status_in in = {.render = &render,
                                    .outcome = world.outcome,
                                    .error = "Service prod: taken",
                                    .n_children = 9,
                                    .deploy = world.absent ? NULL : &world.deploy,
                                    .deploy_generation = world.deploy_generation,
                                    .now_s = 1};
    assert_ok(rx_status_build(&in, seen.c, &status, &err), &err);
    const char *phase = json_string_value(json_object_get(status, "phase"));
    memcpy(seen.phase, phase, strlen(phase) + 1);
    assert_int_equal(json_integer_value(json_object_get(status, "observedGeneration")), 4);
    seen.replicas = json_integer_value(json_object_get(status, "replicas"));
    seen.ready = json_integer_value(json_object_get(status, "readyReplicas"));
    return seen;
}

/* The order of kstatus: InProgress while Reconciling, Failed when Stalled, else by Ready. */
static const char *kstatus(const struct seen *seen)
{
    if (seen->c[RX_C_RECONCILING].status == RX_COND_TRUE) {
        return "InProgress";
    }
    if (seen->c[RX_C_STALLED].status == RX_COND_TRUE) {
        return "Failed";
    }
    return seen->c[RX_C_READY].status == RX_COND_TRUE ? "Current" : "InProgress";
}

static void check(struct world world, const char *verdict, const char *phase, const char *reason)
{
    struct seen seen = look(world);
    assert_string_equal(kstatus(&seen), verdict);
    assert_string_equal(seen.phase, phase);
    assert_string_equal(seen.c[RX_C_READY].reason, reason);
    /* Never both: one moves by itself, the other waits for a human. */
    assert_false(seen.c[RX_C_RECONCILING].status == RX_COND_TRUE &&
                 seen.c[RX_C_STALLED].status == RX_COND_TRUE);
    assert_int_equal(seen.c[RX_C_APPLIED].status,
                     world.outcome == RX_OUTCOME_APPLIED ? RX_COND_TRUE : RX_COND_FALSE);
    assert_int_equal(seen.c[RX_C_SYNCED].status, RX_COND_ABSENT);
}

#define READY3                                                                                     \
    {                                                                                              \
        .observed_generation = 2, .spec_replicas = 3, .replicas = 3, .ready = 3, .updated = 3,     \
        .available = 3, .is_available = true, .rolled_out = true                                   \
    }

static void every_state_has_its_verdict(void **state)
{
    (void)state;
    check((struct world){.cr = plain, .absent = true}, "InProgress", "Progressing", "Progressing");
    check((struct world){.cr = plain, .deploy = READY3, .deploy_generation = 2}, "Current", "Ready",
          "Available");
    check((struct world){.cr = plain, .deploy = READY3, .deploy_generation = 3}, "InProgress",
          "Degraded", "Progressing"); /* the Deployment's controller is behind */
    struct world lost = {.cr = plain, .deploy = READY3, .deploy_generation = 2};
    lost.deploy.ready = lost.deploy.available = 1;
    check(lost, "InProgress", "Degraded", "Progressing");
    struct world rolling = {.cr = plain, .deploy = READY3, .deploy_generation = 2};
    rolling.deploy.replicas = 4; /* an old pod remains */
    rolling.deploy.rolled_out = false;
    check(rolling, "InProgress", "Progressing", "Progressing");
    struct world stuck = rolling;
    stuck.deploy.deadline_exceeded = true;
    check(stuck, "Failed", "Stalled", "ProgressDeadlineExceeded");
}

static void failures_are_told_apart(void **state)
{
    (void)state;
    struct world world = {.cr = plain, .deploy = READY3, .deploy_generation = 2};
    world.outcome = RX_OUTCOME_CONFLICT;
    check(world, "Failed", "Stalled", "Conflict");
    world.outcome = RX_OUTCOME_FAILED;
    check(world, "Failed", "Stalled", "ApplyFailed");
    world.outcome = RX_OUTCOME_INVALID;
    check(world, "Failed", "Stalled", "InvalidSpec");
    world.outcome = RX_OUTCOME_WAITING;
    check(world, "InProgress", "Pending", "WaitingForDeletion");
    struct seen seen = look(world);
    assert_string_equal(seen.c[RX_C_READY].message, "Service prod: taken");
    /* The service that runs goes on serving, and that is told too. */
    assert_int_equal(seen.c[RX_C_AVAILABLE].status, RX_COND_TRUE);
}

static void the_autoscaler_raises_what_is_wanted(void **state)
{
    (void)state;
    struct world world = {.cr = scaled, .deploy = READY3, .deploy_generation = 2};
    check(world, "Current", "Ready", "Available");
    world.deploy.spec_replicas = 5;
    struct seen seen = look(world);
    assert_int_equal(seen.c[RX_C_READY].status, RX_COND_FALSE);
    assert_string_equal(seen.c[RX_C_READY].message, "3 of 5 agents are ready");
    assert_int_equal(seen.replicas, 3);
    assert_int_equal(seen.ready, 3);
}

static void suspended_is_current_but_not_available(void **state)
{
    (void)state;
    struct world world = {.cr = suspended, .deploy = {.observed_generation = 2}};
    world.deploy_generation = 2;
    check(world, "Current", "Suspended", "Suspended");
    struct seen seen = look(world);
    assert_int_equal(seen.c[RX_C_AVAILABLE].status, RX_COND_FALSE);
    world.deploy.replicas = world.deploy.ready = 1; /* the last agent is still draining */
    seen = look(world);
    assert_string_equal(kstatus(&seen), "InProgress");
}

static void equal_worlds_give_equal_bytes(void **state)
{
    (void)state;
    struct world world = {.cr = plain, .deploy = READY3, .deploy_generation = 2};
    struct seen a = look(world), b = look(world);
    for (size_t i = 0; i < RX_C_N; i++) {
        assert_string_equal(a.c[i].message, b.c[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_has_its_verdict),
        cmocka_unit_test(failures_are_told_apart),
        cmocka_unit_test(the_autoscaler_raises_what_is_wanted),
        cmocka_unit_test(suspended_is_current_but_not_available),
        cmocka_unit_test(equal_worlds_give_equal_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
