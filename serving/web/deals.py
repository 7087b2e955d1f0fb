"""Find any deal."""

from fastapi import APIRouter

router = APIRouter()
