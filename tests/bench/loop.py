"""The loop of loop.c in the oracle's language: loop.py EVENTS THREADS."""
import json
import os
import sys
import threading


def directories(events):
    return iter([os.path.join(events, date, node) for date in os.listdir(events)
                 for node in os.listdir(os.path.join(events, date))])


def parse(todo, counts):
    count = 0
    for directory in todo:
        for name in os.listdir(directory):
            with open(directory + '/' + name, 'rb') as file:
                json.loads(file.read())
            count += 1
    counts.append(count)


def main(events, threads):
    todo, counts = directories(events), []
    workers = [threading.Thread(target=parse, args=(todo, counts)) for _ in range(int(threads))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(sum(counts))


if __name__ == '__main__':
    main(*sys.argv[1:])
