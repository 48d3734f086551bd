"""What came back: events, tracked links, and deliveries found by Message-ID."""

import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0004_consents'),
    ]

    operations = [
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event_id', models.CharField(max_length=64, unique=True)),
                ('kind', models.CharField(max_length=12)),
                ('run', models.BigIntegerField(null=True)),
                ('channel', models.CharField(max_length=30)),
                ('subject', models.CharField(db_index=True, max_length=64)),
                ('source', models.CharField(max_length=12)),
                ('detail', models.CharField(default='', max_length=60)),
                ('machine', models.CharField(default='', max_length=30)),
                ('evidence', models.JSONField(default=dict)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
        ),
        migrations.CreateModel(
            name='Link',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('run', models.BigIntegerField()),
                ('digest', models.CharField(max_length=64)),
                ('address', models.TextField()),
            ],
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(condition=models.Q(('message_id', ''), _negated=True), fields=['message_id'], name='by_message_id'),
        ),
        migrations.AddIndex(
            model_name='event',
            index=models.Index(fields=['run', 'kind', 'machine'], name='event_counts'),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ('delivered', 'delayed', 'hard bounce', 'soft bounce', 'complaint', 'opt-out', 'click', 'open', 'other'))), name='event_kind_known'),
        ),
        migrations.AddConstraint(
            model_name='link',
            constraint=models.UniqueConstraint(fields=('run', 'digest'), name='link_once'),
        ),
    ]
