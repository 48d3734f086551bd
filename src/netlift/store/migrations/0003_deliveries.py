"""The delivery ledger: what came back, recipient domains, rates; jobs with a start, progress and a log."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0002_committee'),
    ]

    operations = [
        migrations.CreateModel(
            name='Bucket',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=160, unique=True)),
                ('next_at', models.DateTimeField()),
                ('factor', models.FloatField(default=1.0)),
                ('slowed_at', models.DateTimeField(null=True)),
                ('count', models.PositiveIntegerField(default=0)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name='delivery',
            name='delivery_state_known',
        ),
        migrations.RemoveConstraint(
            model_name='job',
            name='job_state_known',
        ),
        migrations.RemoveIndex(
            model_name='delivery',
            name='claimable',
        ),
        migrations.AddField(
            model_name='delivery',
            name='domain',
            field=models.CharField(default='', max_length=64),
        ),
        migrations.AddField(
            model_name='job',
            name='cancel',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='job',
            name='log',
            field=models.JSONField(default=list),
        ),
        migrations.AddField(
            model_name='job',
            name='progress',
            field=models.FloatField(default=0.0),
        ),
        migrations.AddField(
            model_name='job',
            name='start_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='job',
            name='step',
            field=models.CharField(default='', max_length=60),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['run', 'channel', 'state', 'not_before', 'id'], name='claimable'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['run', 'changed_at'], name='last_changed'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ('planned', 'excluded', 'ready', 'claimed', 'committing', 'accepted', 'delivered', 'bounced', 'complained', 'retry', 'failed', 'unknown', 'cancelled'))), name='delivery_state_known'),
        ),
        migrations.AddConstraint(
            model_name='job',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ('queued', 'running', 'done', 'failed', 'cancelled', 'expired'))), name='job_state_known'),
        ),
    ]
