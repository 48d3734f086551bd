"""The console's pages and who may open them."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from netlift.console import acts, public, sending, views
from netlift.console.access import OPERATORS, READERS, page

handler500 = "netlift.console.outage.server_error"
urlpatterns = [
    path("healthz", login_not_required(views.health), name="health"),
    path("sign-in/", LoginView.as_view(template_name="console/sign_in.html", redirect_authenticated_user=True), name="login"),
    path("sign-out/", LogoutView.as_view(next_page="login"), name="logout"),
    *public.urlpatterns,
    page("", views.runs, name="runs", roles=READERS),
    page("runs/<int:run_id>/", views.run, name="run", roles=READERS),
    page("runs/<int:run_id>/map/", views.segment_map, name="map", roles=READERS),
    page("runs/<int:run_id>/map.svg", views.map_picture, name="map-picture", roles=READERS),
    page("runs/<int:run_id>/review/", acts.review, name="review", roles=READERS),
    page("runs/<int:run_id>/sending/", sending.sending, name="sending", roles=READERS),
    page("runs/<int:run_id>/sending/live/", sending.live, name="sending-live", roles=READERS),
    page("runs/<int:run_id>/sending/<slug:state>.csv", sending.rows, name="sending-rows", roles=OPERATORS),
    page("runs/<int:run_id>/launch/", sending.begin, name="launch", roles=OPERATORS),
    page("runs/<int:run_id>/resolve/", sending.resolve, name="resolve", roles=OPERATORS),
    page("runs/<int:run_id>/report/", views.report, name="report", roles=READERS),
    *(page(f"runs/<int:run_id>/{act.name.replace('_', '-')}/", acts.view(act), name=act.name, roles=act.roles) for act in acts.ACTS),
]
