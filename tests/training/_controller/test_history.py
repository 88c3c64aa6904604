from diascope.training._controller.history import History


def line(step: int, losses: dict[str, tuple[int, float]], **more: object) -> dict[str, object]:
    tasks = {task: {"n": n, "loss": loss} for task, (n, loss) in losses.items()}
    return {"step": step, "tasks": tasks} | more


def test_training_losses_are_means_over_examples_since_the_look_before() -> None:
    history = History()
    history.add(line(1, {"vqa": (1, 4.0), "report": (3, 1.0)}))
    history.add(line(2, {"vqa": (3, 2.0)}, val={"vqa": {"loss": 5.0}}))
    history.add({"step": 3})  # a line of a phase that has no tasks
    history.add(line(4, {"report": (2, 0.5)}, val={"vqa": {"loss": 6.0}}))
    first, second = history.looks
    assert first == (2, {"vqa": 5.0}, {"vqa": 2.5, "report": 1.0})
    assert second == (4, {"vqa": 6.0}, {"report": 0.5})
