/* Plan: expat reads an answer as a stream. Wanted are short texts: of the children of the root, or
 * of the children of each row below the root. Other elements are skipped. A document type is an
 * error, so an answer cannot define entities that expand. */
#include "blob/s3_impl.h"
#include "core/err.h"

#include <expat.h>
#include <time.h>

enum { DEPTH_MAX = 16 }; /* S3's own answers have four */

struct reading {
    XML_Parser parser;
    const char *row; /* NULL: the fields are the root's */
    const struct s3_field *fields;
    int count;
    s3_xml_each *each;
    void *arg;
    struct err *e;
    int depth;
    bool in_row;
    const struct s3_field *field; /* the field being read */
    size_t len;
    const char *refused; /* why reading stopped */
    int rc;              /* of each() */
};

static void xml_refuse(struct reading *x, const char *why)
{
    x->refused = why;
    (void)XML_StopParser(x->parser, XML_FALSE);
}

static void fields_empty(const struct reading *x)
{
    for (int i = 0; i < x->count; i++)
        *x->fields[i].out = 0;
}

static void xml_on_start(void *arg, const char *name, const char **attributes)
{
    (void)attributes;
    struct reading *x = arg;
    if (x->refused || x->rc)
        return;
    if (++x->depth > DEPTH_MAX) {
        xml_refuse(x, "elements nested too deep");
        return;
    }
    if (x->row && x->depth == 2) {
        x->in_row = strcmp(name, x->row) == 0;
        if (x->in_row)
            fields_empty(x);
    }
    if (x->depth != (x->row ? 3 : 2) || (x->row && !x->in_row))
        return;
    for (int i = 0; i < x->count; i++) {
        if (strcmp(name, x->fields[i].name) != 0)
            continue;
        x->field = &x->fields[i];
        x->len = 0;
        *x->field->out = 0;
    }
}

static void xml_on_text(void *arg, const char *text, int len)
{
    struct reading *x = arg;
    if (!x->field || x->refused || x->rc || x->depth != (x->row ? 3 : 2))
        return;
    if ((size_t)len >= x->field->size - x->len) { /* too long: counts as absent */
        *x->field->out = 0;
        x->field = NULL;
        return;
    }
    memcpy(x->field->out + x->len, text, (size_t)len);
    x->len += (size_t)len;
    x->field->out[x->len] = 0;
}

static void xml_on_end(void *arg, const char *name)
{
    (void)name;
    struct reading *x = arg;
    if (x->refused || x->rc)
        return;
    if (x->depth == (x->row ? 3 : 2))
        x->field = NULL;
    if (x->depth == 2 && x->in_row) {
        x->in_row = false;
        x->rc = x->each(x->arg, x->e);
        if (x->rc)
            (void)XML_StopParser(x->parser, XML_FALSE);
    }
    x->depth--;
}

static void xml_on_doctype(void *arg, const char *name, const char *id, const char *public_id,
                           int has_subset)
{
    (void)name, (void)id, (void)public_id, (void)has_subset;
    xml_refuse(arg, "a document type");
}

static int xml_read(struct str xml, struct reading *x, struct err *e)
{
    /* a server may send blanks while it joins parts */
    while (xml.len && strchr(" \r\n\t", *xml.p)) {
        xml.p++;
        xml.len--;
    }
    fields_empty(x);
    if (xml.len > S3_LIST_BYTES)
        return err_set(e, ERR_SYSTEM, "s3: an answer of over %d bytes", S3_LIST_BYTES);
    x->parser = XML_ParserCreate(NULL);
    if (!x->parser)
        return err_set(e, ERR_BUSY, "s3: no memory to read an answer");
    x->e = e;
    XML_SetUserData(x->parser, x);
    XML_SetElementHandler(x->parser, xml_on_start, xml_on_end);
    XML_SetCharacterDataHandler(x->parser, xml_on_text);
    XML_SetStartDoctypeDeclHandler(x->parser, xml_on_doctype);
    enum XML_Status status = XML_Parse(x->parser, xml.p, (int)xml.len, XML_TRUE);
    const char *why = x->refused;
    if (!why && !x->rc && status != XML_STATUS_OK)
        why = XML_ErrorString(XML_GetErrorCode(x->parser));
    long long at = XML_GetCurrentByteIndex(x->parser);
    XML_ParserFree(x->parser);
    if (why)
        return err_set(e, ERR_SYSTEM, "s3: an answer cannot be read: %s at byte %lld of %zu", why,
                       at, xml.len);
    return x->rc;
}

int s3_xml_fields(struct str xml, const struct s3_field *fields, int count, struct err *e)
{
    struct reading x = {.fields = fields, .count = count};
    return xml_read(xml, &x, e);
}

int s3_xml_rows(struct str xml, const char *row, const struct s3_field *fields, int count,
                s3_xml_each *each, void *arg, struct err *e)
{
    struct reading x = {.row = row, .fields = fields, .count = count, .each = each, .arg = arg};
    return xml_read(xml, &x, e);
}

int64_t s3_xml_time(const char *text)
{
    struct tm t = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &t);
    return end ? (int64_t)timegm(&t) * 1000 : -1;
}
