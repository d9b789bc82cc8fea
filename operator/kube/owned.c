// SPDX-License-Identifier: Apache-2.0
/*
 * A FieldsV1 set mirrors the object: "f:NAME" a member, "k:{...}" a list item by its key fields,
 * "v:..." a list item by its value, "." the thing itself, {} a whole value. We walk set and object
 * together and write what both have.
 */
#include "operator/kube/owned.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/parse.h"
#include "common/base/sha256.h"
#include "common/json/write.h"

#define MAX_DEPTH 48
/* Members of one object that fit on the stack; more are rare and cost an allocation. */
#define FEW 24

struct member {
    struct rx_str key;
    const struct rx_json *value; /* NULL: text */
    const struct rx_json *set;   /* NULL: the whole value */
    const char *text;
};

struct members {
    struct member few[FEW];
    struct member *p; /* few, or owned */
    size_t n, cap;
};

static void members_init(struct members *list)
{
    list->p = list->few;
    list->n = 0;
    list->cap = FEW;
}

static void members_fini(struct members *list)
{
    if (list->p != list->few) {
        free(list->p);
    }
}
RX_DEFINE_CLEANUP_INPLACE(members, struct members, members_fini);

static int members_add(struct members *list, struct member member)
{
    if (list->n == list->cap) {
        struct member *grown = calloc(list->cap * 2, sizeof(*grown));
        if (!grown) {
            return -1;
        }
        memcpy(grown, list->p, list->n * sizeof(*grown));
        members_fini(list);
        list->p = grown;
        list->cap *= 2;
    }
    list->p[list->n++] = member;
    return 0;
}

static int by_key(const void *left, const void *right)
{
    const struct rx_str a = ((const struct member *)left)->key;
    const struct rx_str b = ((const struct member *)right)->key;
    size_t n = a.n < b.n ? a.n : b.n;
    int order = memcmp(a.p, b.p, n);
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

/* FieldsV1 and what the server sends are mostly sorted already. */
static void members_sort(struct members *list)
{
    for (size_t i = 1; i < list->n; i++) {
        if (by_key(&list->p[i - 1], &list->p[i]) > 0) {
            qsort(list->p, list->n, sizeof(*list->p), by_key);
            return;
        }
    }
}

static int write_whole(struct rx_jw *w, const struct rx_json *value, unsigned depth);
static int write_owned(struct rx_jw *w, const struct rx_json *value, const struct rx_json *set,
                       unsigned depth);

static int write_members(struct rx_jw *w, struct members *list, unsigned depth)
{
    members_sort(list);
    rx_jw_begin_object(w);
    for (size_t i = 0; i < list->n; i++) {
        const struct member *member = &list->p[i];
        rx_jw_key_str(w, member->key);
        if (member->text) {
            rx_jw_cstr(w, member->text);
        } else if (write_owned(w, member->value, member->set, depth + 1) < 0) {
            return -1;
        }
    }
    rx_jw_end_object(w);
    return 0;
}

static int write_whole_object(struct rx_jw *w, const struct rx_json *value, unsigned depth)
{
    rx_auto(members) struct members list;
    members_init(&list);
    RX_JSON_FOREACH (iter, value) {
        if (members_add(&list, (struct member){.key = iter.key, .value = iter.value}) < 0) {
            return -1;
        }
    }
    return write_members(w, &list, depth);
}

static int write_whole(struct rx_jw *w, const struct rx_json *value, unsigned depth)
{
    if (depth > MAX_DEPTH) {
        return -1;
    }
    switch (rx_json_type(value)) {
    case RX_JSON_OBJECT:
        return write_whole_object(w, value, depth);
    case RX_JSON_ARRAY:
        rx_jw_begin_array(w);
        RX_JSON_FOREACH (iter, value) {
            if (write_whole(w, iter.value, depth + 1) < 0) {
                return -1;
            }
        }
        rx_jw_end_array(w);
        return 0;
    default:
        rx_jw_value(w, value);
        return 0;
    }
}

/* Whether the item has each key field of "k:{...}" with that value. */
static bool has_keys(const struct rx_json *item, const struct rx_json *keys)
{
    RX_JSON_FOREACH (iter, keys) {
        const struct rx_json *have = rx_json_get_n(item, iter.key);
        if (rx_json_type(have) != rx_json_type(iter.value) ||
            !rx_str_eq(rx_json_str(have), rx_json_str(iter.value)) ||
            rx_json_i64(have, 0) != rx_json_i64(iter.value, 0)) {
            return false;
        }
    }
    return true;
}

static bool has_value(const struct rx_json *item, const struct rx_json *value)
{
    return rx_json_type(item) == rx_json_type(value) &&
           rx_str_eq(rx_json_str(item), rx_json_str(value)) &&
           rx_json_i64(item, 0) == rx_json_i64(value, 0);
}

/* One "k:" or "v:" entry of a list's set, with its text parsed. */
struct selector {
    struct rx_json_doc *doc; /* owned */
    const struct rx_json *set;
    bool by_value;
};

#define MAX_SELECTORS 64

static bool selects(const struct selector *selector, const struct rx_json *item)
{
    const struct rx_json *wanted = rx_json_root(selector->doc);
    return selector->by_value ? has_value(item, wanted) : has_keys(item, wanted);
}

static int write_items(struct rx_jw *w, const struct rx_json *array,
                       const struct selector *selectors, size_t n, unsigned depth)
{
    rx_jw_begin_array(w);
    RX_JSON_FOREACH (iter, array) {
        for (size_t i = 0; i < n; i++) {
            if (!selects(&selectors[i], iter.value)) {
                continue;
            }
            int rc = selectors[i].by_value
                         ? write_whole(w, iter.value, depth + 1)
                         : write_owned(w, iter.value, selectors[i].set, depth + 1);
            if (rc < 0) {
                return rc;
            }
            break;
        }
    }
    rx_jw_end_array(w);
    return 0;
}

static int write_owned_list(struct rx_jw *w, const struct rx_json *array, const struct rx_json *set,
                            unsigned depth)
{
    struct selector selectors[MAX_SELECTORS];
    size_t n = 0;
    int rc = 0;
    RX_JSON_FOREACH (iter, set) {
        bool by_value = rx_str_starts(iter.key, RX_STR("v:"));
        if (!by_value && !rx_str_starts(iter.key, RX_STR("k:"))) {
            continue;
        }
        struct rx_str text = {iter.key.p + 2, iter.key.n - 2};
        const struct rx_json_limits limits = {.allow_duplicate_keys = true};
        struct rx_json_doc *doc = NULL;
        if (n == MAX_SELECTORS || rx_json_parse(text, &limits, &doc, NULL) < 0) {
            rc = -1;
            break;
        }
        selectors[n++] = (struct selector){.doc = doc, .set = iter.value, .by_value = by_value};
    }
    if (rc == 0) {
        rc = write_items(w, array, selectors, n, depth);
    }
    for (size_t i = 0; i < n; i++) {
        rx_json_doc_free(selectors[i].doc);
    }
    return rc;
}

/* Adds the members of object that set names by "f:"; `skip` (may be NULL) is left out. */
static int add_owned(struct members *list, const struct rx_json *object, const struct rx_json *set,
                     const char *skip)
{
    RX_JSON_FOREACH (iter, set) {
        if (!rx_str_starts(iter.key, RX_STR("f:"))) {
            continue;
        }
        struct rx_str key = {iter.key.p + 2, iter.key.n - 2};
        const struct rx_json *value = rx_json_get_n(object, key);
        if (!value || (skip && rx_str_is(key, skip))) {
            continue;
        }
        if (members_add(list, (struct member){.key = key, .value = value, .set = iter.value}) < 0) {
            return -1;
        }
    }
    return 0;
}

static int write_owned(struct rx_jw *w, const struct rx_json *value, const struct rx_json *set,
                       unsigned depth)
{
    if (depth > MAX_DEPTH) {
        return -1;
    }
    if (!set || rx_json_len(set) == 0) {
        return write_whole(w, value, depth);
    }
    switch (rx_json_type(value)) {
    case RX_JSON_OBJECT: {
        rx_auto(members) struct members list;
        members_init(&list);
        if (add_owned(&list, value, set, NULL) < 0) {
            return -1;
        }
        return write_members(w, &list, depth);
    }
    case RX_JSON_ARRAY:
        return write_owned_list(w, value, set, depth);
    default:
        return write_whole(w, value, depth);
    }
}

/* The annotations we own but for the hash itself, which cannot be part of what it hashes. */
static int write_annotations(struct rx_jw *w, const struct rx_json *value,
                             const struct rx_json *set, unsigned depth)
{
    rx_auto(members) struct members list;
    members_init(&list);
    if (add_owned(&list, value, set, RX_KUBE_HASH_ANNOTATION) < 0) {
        return -1;
    }
    return write_members(w, &list, depth);
}

static bool has_other_annotation(const struct rx_json *set)
{
    RX_JSON_FOREACH (iter, set) {
        if (!rx_str_is(iter.key, ".") && !rx_str_is(iter.key, "f:" RX_KUBE_HASH_ANNOTATION)) {
            return true;
        }
    }
    return false;
}

static int write_metadata(struct rx_jw *w, const struct rx_json *meta, const struct rx_json *set)
{
    rx_auto(members) struct members list;
    members_init(&list);
    const struct rx_json *name = rx_json_get(meta, "name");
    const struct rx_json *ns = rx_json_get(meta, "namespace");
    if (add_owned(&list, meta, set, "annotations") < 0 ||
        (name && members_add(&list, (struct member){.key = RX_STR("name"), .value = name}) < 0) ||
        (ns && members_add(&list, (struct member){.key = RX_STR("namespace"), .value = ns}) < 0)) {
        return -1;
    }
    members_sort(&list);
    rx_jw_begin_object(w);
    const struct rx_json *notes = rx_json_get(set, "f:annotations");
    if (notes && rx_json_get(meta, "annotations") && has_other_annotation(notes)) {
        /* No member of metadata that we send sorts before it. */
        rx_jw_key(w, "annotations");
        if (write_annotations(w, rx_json_get(meta, "annotations"), notes, 2) < 0) {
            return -1;
        }
    }
    for (size_t i = 0; i < list.n; i++) {
        rx_jw_key_str(w, list.p[i].key);
        if (write_owned(w, list.p[i].value, list.p[i].set, 2) < 0) {
            return -1;
        }
    }
    rx_jw_end_object(w);
    return 0;
}

static int write_root(struct rx_jw *w, const struct rx_json *object, const struct rx_json *set,
                      const char *api_version, const char *kind)
{
    const struct rx_json *meta = rx_json_get(object, "metadata");
    rx_auto(members) struct members list;
    members_init(&list);
    if (add_owned(&list, object, set, "metadata") < 0 ||
        members_add(&list, (struct member){.key = RX_STR("apiVersion"), .text = api_version}) < 0 ||
        members_add(&list, (struct member){.key = RX_STR("kind"), .text = kind}) < 0 ||
        members_add(&list, (struct member){.key = RX_STR("metadata"), .value = meta}) < 0) {
        return -1;
    }
    members_sort(&list);
    rx_jw_begin_object(w);
    for (size_t i = 0; i < list.n; i++) {
        const struct member *member = &list.p[i];
        rx_jw_key_str(w, member->key);
        int rc = 0;
        if (member->text) {
            rx_jw_cstr(w, member->text);
        } else if (member->value == meta) {
            rc = write_metadata(w, meta, rx_json_get(set, "f:metadata"));
        } else {
            rc = write_owned(w, member->value, member->set, 1);
        }
        if (rc < 0) {
            return rc;
        }
    }
    rx_jw_end_object(w);
    return 0;
}

/* The set of the manager's Apply entry on the main resource, or NULL. */
static const struct rx_json *applied_set(const struct rx_json *object, const char *manager)
{
    RX_JSON_FOREACH (iter, rx_json_at(object, "metadata.managedFields")) {
        if (rx_str_is(rx_json_str(rx_json_get(iter.value, "manager")), manager) &&
            rx_str_is(rx_json_str(rx_json_get(iter.value, "operation")), "Apply") &&
            rx_json_str(rx_json_get(iter.value, "subresource")).n == 0) {
            return rx_json_get(iter.value, "fieldsV1");
        }
    }
    return NULL;
}

/* Reads the hash annotation; false when there is none, or it is not ours. */
static bool annotated_hash(const struct rx_json *object, const struct rx_json *set,
                           unsigned char ret[32])
{
    const struct rx_json *ours = rx_json_get(
        rx_json_get(rx_json_get(set, "f:metadata"), "f:annotations"), "f:" RX_KUBE_HASH_ANNOTATION);
    const struct rx_json *notes = rx_json_at(object, "metadata.annotations");
    struct rx_str text = rx_json_str(rx_json_get(notes, RX_KUBE_HASH_ANNOTATION));
    return ours && rx_parse_hex_bytes(text, ret, 32) == 0;
}

int rx_kube_owned_digest(const struct rx_json *object, const char *manager, const char *api_version,
                         const char *kind, struct rx_buf *scratch, struct rx_kube_owned *ret,
                         struct rx_error *err)
{
    struct rx_kube_owned owned = {0};
    const struct rx_json *set = applied_set(object, manager);
    if (set) {
        rx_buf_clear(scratch);
        struct rx_jw w;
        rx_jw_init(&w, scratch);
        if (write_root(&w, object, set, api_version, kind) < 0) {
            return rx_error_set(err, RX_ELIMIT, "%s: too deep, or a list with too many keys", kind);
        }
        int rc = rx_buf_error(scratch, err);
        if (rc < 0) {
            return rx_error_wrap(err, "%s", kind);
        }
        struct rx_sha256 sha;
        rx_sha256_init(&sha);
        rx_sha256_update(&sha, scratch->p, scratch->n);
        rx_sha256_final(&sha, owned.digest);
        owned.applied = true;
        unsigned char hash[32];
        if (annotated_hash(object, set, hash)) {
            owned.consistent = memcmp(hash, owned.digest, sizeof(hash)) == 0;
            memcpy(owned.hash, hash, sizeof(owned.hash));
        }
    }
    *ret = owned;
    return 0;
}

bool rx_kube_owns(const struct rx_json *object, const char *manager, const char *path)
{
    const struct rx_json *set = applied_set(object, manager);
    struct rx_str rest = rx_str_of(path), part;
    while (set && rx_str_cut(&rest, '.', &part)) {
        char key[256];
        if (part.n + 3 > sizeof(key)) {
            return false;
        }
        key[0] = 'f';
        key[1] = ':';
        memcpy(key + 2, part.p, part.n);
        set = rx_json_get_n(set, (struct rx_str){key, part.n + 2});
    }
    return set != NULL;
}
