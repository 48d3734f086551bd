"""The index by which a customer's rows are found no longer holds what every step of a message changes."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('store', '0005_feedback'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='delivery',
            name='contacts_of',
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['customer_id'], name='rows_of_customer'),
        ),
    ]
