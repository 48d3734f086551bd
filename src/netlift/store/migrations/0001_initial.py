"""All tables of the store, and the triggers that make the audit trail append-only."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


SQLITE = """
CREATE TRIGGER audit_never_{act} BEFORE {act} ON store_auditevent
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END
"""
POSTGRESQL = """
CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$;
CREATE TRIGGER audit_never_update BEFORE UPDATE ON store_auditevent FOR EACH ROW EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER audit_never_delete BEFORE DELETE ON store_auditevent FOR EACH ROW EXECUTE FUNCTION audit_append_only();
CREATE TRIGGER audit_never_truncate BEFORE TRUNCATE ON store_auditevent FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only();
"""


def append_only(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Triggers: the database refuses to change or delete an audit event."""
    if schema_editor.connection.vendor == 'postgresql':
        schema_editor.execute(POSTGRESQL, params=None)
    else:
        for act in ('update', 'delete'):
            schema_editor.execute(SQLITE.format(act=act), params=None)


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AuditEvent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('at', models.CharField(max_length=32)),
                ('actor', models.CharField(max_length=150)),
                ('act', models.CharField(max_length=50)),
                ('run', models.BigIntegerField(null=True)),
                ('details', models.TextField()),
                ('previous_hash', models.CharField(max_length=64, unique=True)),
                ('hash', models.CharField(max_length=64, unique=True)),
            ],
        ),
        migrations.CreateModel(
            name='Contact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('customer_id', models.TextField(unique=True)),
                ('customer_hash', models.CharField(db_index=True, max_length=64)),
                ('email_hash', models.CharField(db_index=True, default='', max_length=64)),
                ('phone_hash', models.CharField(db_index=True, default='', max_length=64)),
                ('blob', models.BinaryField()),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name='Run',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200)),
                ('state', models.CharField(default='preparing', max_length=20)),
                ('version', models.PositiveIntegerField(default=1)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('sent_at', models.DateTimeField(null=True)),
                ('folder', models.TextField(default='')),
                ('facts', models.JSONField(default=dict)),
                ('content', models.JSONField(default=dict)),
                ('approval_hash', models.CharField(default='', max_length=64)),
                ('findings', models.JSONField(default=dict)),
                ('author', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Job',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(max_length=30)),
                ('actor', models.CharField(max_length=150)),
                ('state', models.CharField(default='queued', max_length=12)),
                ('token', models.CharField(default='', max_length=32)),
                ('lease_until', models.DateTimeField(null=True)),
                ('heartbeat_at', models.DateTimeField(null=True)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('error', models.TextField(default='')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='store.run')),
            ],
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('wave', models.PositiveIntegerField(default=1)),
                ('customer_id', models.TextField()),
                ('channel', models.CharField(max_length=30)),
                ('offer', models.TextField(default='')),
                ('arm', models.TextField(default='')),
                ('state', models.CharField(max_length=12)),
                ('reason', models.TextField(default='')),
                ('message_id', models.CharField(default='', max_length=255)),
                ('attempts', models.PositiveIntegerField(default=0)),
                ('not_before', models.DateTimeField(null=True)),
                ('token', models.CharField(default='', max_length=32)),
                ('lease_until', models.DateTimeField(null=True)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='deliveries', to='store.run')),
            ],
        ),
        migrations.CreateModel(
            name='Suppression',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hash', models.CharField(max_length=64)),
                ('channel', models.CharField(default='', max_length=30)),
                ('reason', models.TextField()),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('hash', 'channel'), name='suppressed_once')],
            },
        ),
        migrations.CreateModel(
            name='Vote',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('vote', models.CharField(max_length=20)),
                ('version', models.PositiveIntegerField()),
                ('approval_hash', models.CharField(max_length=64)),
                ('text', models.TextField(default='')),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('void', models.BooleanField(default=False)),
                ('run', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='votes', to='store.run')),
                ('voter', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddConstraint(
            model_name='run',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ('preparing', 'draft', 'in_review', 'changes_requested', 'approved', 'rejected', 'sending', 'stopped', 'completed'))), name='run_state_known'),
        ),
        migrations.AddIndex(
            model_name='job',
            index=models.Index(fields=['state', 'lease_until'], name='job_claimable'),
        ),
        migrations.AddConstraint(
            model_name='job',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ('queued', 'running', 'done', 'failed', 'cancelled'))), name='job_state_known'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['run', 'state', 'not_before'], name='claimable'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('lease_until__isnull', False)), fields=['lease_until'], name='leases'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ('planned', 'excluded', 'ready', 'claimed', 'committing', 'accepted', 'retry', 'failed', 'unknown', 'cancelled'))), name='delivery_state_known'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.UniqueConstraint(fields=('run', 'wave', 'customer_id', 'channel'), name='never_twice'),
        ),
        migrations.AddConstraint(
            model_name='vote',
            constraint=models.CheckConstraint(condition=models.Q(('vote__in', ('approve', 'reject', 'request_changes'))), name='vote_vote_known'),
        ),
        migrations.AddConstraint(
            model_name='vote',
            constraint=models.UniqueConstraint(condition=models.Q(('void', False)), fields=('run', 'voter'), name='one_vote_each'),
        ),
        migrations.RunPython(append_only),
    ]
