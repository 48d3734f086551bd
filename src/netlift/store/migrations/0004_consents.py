"""Consents, the rules of runs, do-not-call lists, and the trigger that keeps consents from being changed."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


SQLITE = """
CREATE TRIGGER consents_never_update BEFORE UPDATE ON store_consent
BEGIN SELECT RAISE(ABORT, 'consents are only added'); END
"""
POSTGRESQL = """
CREATE FUNCTION consents_only_added() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'consents are only added'; END $$;
CREATE TRIGGER consents_never_update BEFORE UPDATE ON store_consent FOR EACH ROW EXECUTE FUNCTION consents_only_added();
"""


def only_added(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Trigger: the database refuses to change a consent; deleting one is how a person is erased."""
    schema_editor.execute(POSTGRESQL if schema_editor.connection.vendor == 'postgresql' else SQLITE, params=None)


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0003_deliveries'),
    ]

    operations = [
        migrations.CreateModel(
            name='CallList',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=30, unique=True)),
                ('dated', models.DateField()),
                ('numbers', models.PositiveIntegerField()),
                ('imported_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name='Consent',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person', models.CharField(max_length=64)),
                ('channel', models.CharField(max_length=30)),
                ('purpose', models.CharField(default='marketing', max_length=100)),
                ('status', models.CharField(max_length=20)),
                ('kind', models.CharField(default='express', max_length=20)),
                ('given_at', models.DateTimeField(null=True)),
                ('source', models.TextField(default='')),
                ('wording', models.TextField(default='')),
                ('proof', models.TextField(default='')),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('confirmed_from', models.CharField(default='', max_length=64)),
                ('expires_at', models.DateTimeField(null=True)),
                ('facts', models.TextField(default='')),
                ('row_hash', models.CharField(max_length=64, unique=True)),
                ('kept_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name='ListedNumber',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('hash', models.CharField(max_length=64)),
            ],
        ),
        migrations.CreateModel(
            name='PastContact',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('person', models.CharField(max_length=64)),
                ('campaign', models.CharField(max_length=64)),
                ('at', models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name='Terms',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('packs', models.JSONField()),
                ('rules', models.JSONField()),
                ('home', models.CharField(default='', max_length=8)),
                ('cap_7d', models.PositiveIntegerField()),
                ('cap_30d', models.PositiveIntegerField()),
            ],
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['customer_id', 'state', 'changed_at'], name='contacts_of'),
        ),
        migrations.AddIndex(
            model_name='consent',
            index=models.Index(fields=['person', 'channel', 'purpose'], name='consents_of'),
        ),
        migrations.AddConstraint(
            model_name='consent',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ('given', 'soft_opt_in', 'withdrawn'))), name='consent_status_known'),
        ),
        migrations.AddField(
            model_name='listednumber',
            name='list',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='store.calllist'),
        ),
        migrations.AddConstraint(
            model_name='pastcontact',
            constraint=models.UniqueConstraint(fields=('person', 'campaign', 'at'), name='contacted_once'),
        ),
        migrations.AddField(
            model_name='terms',
            name='run',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='terms', to='store.run'),
        ),
        migrations.AddConstraint(
            model_name='listednumber',
            constraint=models.UniqueConstraint(fields=('hash', 'list'), name='listed_once'),
        ),
        migrations.RunPython(only_added, migrations.RunPython.noop),
    ]
